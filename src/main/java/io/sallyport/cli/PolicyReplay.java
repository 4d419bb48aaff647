package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;

/** A replay of recorded decisions for people: how many would turn, what of it could not be told, and where. */
final class PolicyReplay {
  private PolicyReplay() {}

  static void show(Output output, JsonNode replay, int limit) {
    if (output.json()) {
      output.result(replay, "");
      return;
    }
    output.say(replay.path("replayed").asText() + " decisions from "
        + replay.path("from").asText() + " to " + replay.path("until").asText()
        + " were decided again: " + replay.path("denied").asText() + " permits would be denied, "
        + replay.path("permitted").asText() + " denials would be permitted"
        + already(replay.path("already").asLong()) + ".");
    if (!replay.path("complete").asBoolean()) {
      output.say(
          "More was logged than one replay looks at: ask for fewer days to see all of them.");
    }
    output.say(replay.path("without_inputs").asText() + " could not be decided again; "
        + replay.path("not_asked").asText() + " are denied whatever policies say.");
    double share = replay.path("permits_logged").asDouble();
    if (share < 1) {
      output.say("Of permits this node logs a share of " + share
          + ", so there were more of them than are counted here; denials are all here.");
    }
    sets(output, replay, limit);
    table(output, "By flow:", replay.path("flows"), limit, PolicyReplay::flow);
    table(output, "By rule:", replay.path("rules"), limit, PolicyReplay::rule);
    table(output, "By device:", replay.path("devices"), limit, PolicyReplay::device);
  }

  private static String already(long already) {
    return already == 0 ? "" : " (" + already + " of them are by the set in force already)";
  }

  /** Said when not all of it was decided by what is in force, as while a canary lives. */
  private static void sets(Output output, JsonNode replay, int limit) {
    String canary = replay.path("canary").asText("");
    String inForce = replay.path("in_force").asText();
    if (replay.path("canary").isTextual()) {
      output.say("A canary tries the set " + canary
          + " on a share of the devices: what it decides for them is what is in force there.");
    }
    JsonNode sets = replay.path("sets");
    if (sets.size() == 1 && sets.path(0).path("set").asText().equals(inForce)) {
      return;
    }
    int told = 0;
    for (JsonNode set : sets) {
      if (told++ == limit) {
        output.say("  … and by more: raise --limit, or use --json");
        return;
      }
      String hash = set.path("set").asText();
      String which = hash.equals(inForce) ? ", in force" : hash.equals(canary) ? ", a canary" : "";
      output.say("  " + set.path("decisions").asText() + " had been decided by the set " + hash
          + which + ": -" + set.path("denied").asText() + " +"
          + set.path("permitted").asText());
    }
  }

  /** How the things of a table are named. */
  private interface Name {
    String of(JsonNode group);
  }

  private static void table(Output output, String title, JsonNode groups, int limit, Name name) {
    if (groups.isEmpty()) {
      return;
    }
    output.say(title);
    int told = 0;
    for (JsonNode group : groups) {
      if (told++ == limit) {
        output.say("  … and more: raise --limit, or use --json");
        return;
      }
      output.say("  -" + group.path("denied").asText() + " +"
          + group.path("permitted").asText() + "  " + name.of(group));
      JsonNode example = group.path("examples").path(0);
      output.say("      " + example.path("decision").asText() + ": "
          + example.path("recorded").asText() + "; then: "
          + example.path("then").asText());
    }
  }

  private static String flow(JsonNode flow) {
    return flow.path("protocol").asText()
        + (flow.path("direction").asText().equals("to-device") ? " from " : " to ")
        + flow.path("peer").asText() + " "
        + flow.path(flow.path("protocol").asText().equals("icmp") ? "icmp_type" : "port")
            .asText("");
  }

  private static String rule(JsonNode rule) {
    return rule.path("policy").isTextual()
        ? "policy " + rule.path("policy").asText()
            + (rule.path("rule").isTextual() ? ", rule " + rule.path("rule").asText() : "")
        : "no policy in particular";
  }

  private static String device(JsonNode device) {
    return device.path("serial_number").asText() + "  " + device.path("device").asText() + "  "
        + device.path("profile").asText() + " at " + device.path("site").asText();
  }
}
