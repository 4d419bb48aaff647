package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin policy}. */
@Command(name = "policy", description = "Access policies.")
final class PolicyCommands {
  private final Options options;

  PolicyCommands(Options options) {
    this.options = options;
  }

  @Command(
      description = {
        "Applies the documents of a file one by one, or those of a folder in one act.",
        "With --all, --expect, --note or --dry-run a file is one act too."
      })
  void apply(
      @Option(
              names = "-f",
              paramLabel = "FILE|DIR",
              required = true,
              description = "YAML; of a folder all .yaml and .yml in it")
          Path file,
      @Option(names = "--all", description = "withdraw every policy that is not among them")
          boolean all,
      @Option(
              names = "--expect",
              paramLabel = "SET",
              description = "only when this set is in force; see history")
          @Nullable
          String expected,
      @Option(names = "--note", paramLabel = "TEXT", description = "why, for the history") @Nullable
          String note,
      @Option(names = "--dry-run", description = "only say what would be changed") boolean dryRun) {
    if (!Files.isDirectory(file) && !all && !dryRun && expected == null && note == null) {
      Documents.apply(options, file, "/policies/", "AccessPolicy", "Segment");
      return;
    }
    StringBuilder path = new StringBuilder("/policies?all=" + all + "&dry-run=" + dryRun);
    if (note != null) {
      path.append("&note=").append(ApiClient.encode(note));
    }
    try (ApiClient api = options.api()) {
      outcome(
          api.tryPut(path.toString(), PolicyFiles.read(file), expected).orFail().json(), dryRun);
    }
  }

  @Command(
      description =
          "Has the server check documents without applying them; says the first fault's place.")
  void check(
      @Parameters(
              paramLabel = "FILE|DIR",
              description = "YAML; of a folder all .yaml and .yml in it")
          Path file) {
    try (ApiClient api = options.api()) {
      outcome(
          api.tryPut("/policies?dry-run=true", PolicyFiles.read(file), null)
              .orFail()
              .json(),
          true);
    }
  }

  @Command(description = "Says what was applied, withdrawn and rolled back, newest first.")
  void history(
      @Option(names = "--limit", defaultValue = "50", description = "at most so many") int limit) {
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(
              api.list("/policy-sets", Map.of(), limit),
              "act",
              "at",
              "kind",
              "changed",
              "by",
              "set",
              "note");
    }
  }

  @Command(description = "Says how often each rule in force decided, those that never did first.")
  void coverage(
      @Option(
              names = "--since",
              defaultValue = "P7D",
              description = "how far back; default: ${DEFAULT-VALUE}")
          String since,
      @Option(names = "--unused", description = "only those that decided nothing") boolean unused) {
    try (ApiClient api = options.api()) {
      JsonNode coverage = api.get("/policy-sets/coverage?since=" + ApiClient.encode(since));
      if (options.output().json()) {
        options.output().show(coverage);
        return;
      }
      ArrayNode sorted = Json.array();
      coverage.path("rules").forEach(rule -> {
        if (rule.path("decisions").asLong() == 0) {
          sorted.add(rule);
        }
      });
      coverage.path("rules").forEach(rule -> {
        if (rule.path("decisions").asLong() > 0 && !unused) {
          sorted.add(rule);
        }
      });
      options
          .output()
          .list(
              Json.object().set("items", sorted), "policy", "rule", "effect", "decisions", "last");
    }
  }

  @Command(
      description =
          "Says which rules in force change nothing, and which let pass between security levels.")
  void analyze() {
    try (ApiClient api = options.api()) {
      JsonNode analysis = api.get("/policy-sets/analysis");
      Output output = options.output();
      for (JsonNode finding : analysis.path("findings")) {
        output.say(finding.path("words").asText());
      }
      for (JsonNode conduit : analysis.path("conduits")) {
        output.say("policy " + conduit.path("policy").asText() + ": "
            + conduit.path("rule").asText() + " lets pass between "
            + level(conduit, "segment", "level")
            + " and " + level(conduit, "peer", "peer_level"));
      }
      output.result(
          analysis,
          analysis.path("findings").size() + " rules change nothing; "
              + analysis.path("conduits").size() + " are between security levels.");
    }
  }

  private static String level(JsonNode conduit, String segment, String level) {
    return conduit.path(segment).asText() + " ("
        + (conduit.path(level).isInt()
            ? "security level " + conduit.path(level).asInt()
            : "no security level")
        + ")";
  }

  @Command(
      description = {
        "Says which devices may open a flow at present; with --device what that one may open.",
        "The whole fleet is looked at, or the command fails."
      })
  void reach(
      @Option(names = "--device", paramLabel = "ID", description = "the device's UUID") @Nullable
          UUID device,
      @Option(names = "--peer", paramLabel = "HOST", description = "name or address") @Nullable
          String peer,
      @Option(names = "--protocol", defaultValue = "tcp", description = "default: ${DEFAULT-VALUE}")
          String protocol,
      @Option(names = "--port", description = "not with --protocol icmp") @Nullable Integer port,
      @Option(
              names = "--icmp-type",
              paramLabel = "TYPE",
              description = "8 or echo-request; of a peer by name v4:8 or v6:128")
          @Nullable
          String icmpType,
      @Option(names = "--to-device", description = "the peer opens it") boolean toDevice,
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    if ((device == null) == (peer == null)) {
      throw Failure.usage("Give either --peer or --device.");
    }
    try (ApiClient api = options.api()) {
      if (device != null) {
        JsonNode answer =
            api.post("/policies/explain", Json.object().put("device", device.toString()));
        answer.path("observed").forEach(reason -> options.output().say(reason.asText()));
        options
            .output()
            .list(Json.object().set("items", answer.path("flows")), "peer", "protocol", "ports");
        return;
      }
      Map<String, String> query = new LinkedHashMap<>();
      query.put("peer", String.valueOf(peer));
      query.put("protocol", protocol);
      if (port != null) {
        query.put("port", port.toString());
      }
      if (icmpType != null) {
        query.put("icmpType", icmpType);
      }
      if (toDevice) {
        query.put("direction", "to-device");
      }
      options.output().list(api.list("/policy-sets/reach", query, limit), "device");
    }
  }

  @Command(
      description =
          "Lists what was permitted only because a policy or a segment is in observe mode.")
  void observed(
      @Option(names = "--document", paramLabel = "NAME", description = "the one that observes")
          @Nullable
          String document,
      @Option(names = "--profile", paramLabel = "NAME", description = "of the devices") @Nullable
          String profile,
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    Map<String, @Nullable String> filters = new HashMap<>();
    filters.put("document", document);
    filters.put("profile", profile);
    try (ApiClient api = options.api()) {
      JsonNode missed = api.get("/observations/missed");
      for (JsonNode each : missed.path("items")) {
        options
            .output()
            .say(each.path("uses").asText() + " more of "
                + each.path("document").asText() + " had no room; admin policy forget makes some");
      }
      options
          .output()
          .list(
              api.list("/observations", filters, limit),
              "document",
              "profile",
              "direction",
              "protocol",
              "peer",
              "port",
              "icmp_type",
              "uses",
              "devices",
              "last");
    }
  }

  @Command(
      description = "Writes policies that permit exactly what was observed of a profile's devices.")
  void propose(
      @Option(
              names = "--document",
              paramLabel = "NAME",
              required = true,
              description = "the policy or segment that observes")
          String document,
      @Option(
              names = "--profile",
              paramLabel = "NAME",
              required = true,
              description = "of the devices")
          String profile) {
    try (ApiClient api = options.api()) {
      String proposal = api.text(
          "/observations/proposal?document=" + ApiClient.encode(document) + "&profile="
              + ApiClient.encode(profile),
          "application/yaml");
      options.output().result(Json.object().put("documents", proposal), proposal.stripTrailing());
    }
  }

  @Command(description = "Forgets what was observed for a policy or segment.")
  void forget(@Parameters(paramLabel = "NAME") String document) {
    try (ApiClient api = options.api()) {
      api.delete("/observations?document=" + ApiClient.encode(document));
      options
          .output()
          .result(
              Json.object().put("forgotten", document),
              "What was observed for " + document + " is forgotten.");
    }
  }

  @Command(description = "Puts an earlier set of policies in force again, in one act.")
  void rollback(
      @Parameters(paramLabel = "SET", description = "its hash, as history has it") String set,
      @Option(names = "--note", paramLabel = "TEXT", description = "why, for the history") @Nullable
          String note,
      @Option(names = "--dry-run", description = "only say what would be changed") boolean dryRun) {
    ObjectNode body = Json.object().put("set", set).put("dry_run", dryRun);
    if (note != null) {
      body.put("note", note);
    }
    try (ApiClient api = options.api()) {
      outcome(api.post("/policy-sets/rollback", body), dryRun);
    }
  }

  @Command(
      description = "Says what an apply or a rollback would permit and deny, device by device.")
  void plan(
      @Option(
              names = "-f",
              paramLabel = "FILE|DIR",
              description = "YAML; of a folder all .yaml and .yml in it")
          @Nullable
          Path file,
      @Option(names = "--all", description = "as if every policy that is not among them went")
          boolean all,
      @Option(names = "--set", paramLabel = "SET", description = "instead of -f: roll back to it")
          @Nullable
          String set,
      @Option(names = "--limit", defaultValue = "50", description = "tell at most so many devices")
          int limit) {
    if ((file == null) == (set == null)) {
      throw Failure.usage("Give either -f or --set.");
    }
    String query = set == null ? "all=" + all : "set=" + ApiClient.encode(set);
    String documents = file == null ? "" : PolicyFiles.read(file);
    try (ApiClient api = options.api()) {
      PolicyPlan.show(
          options.output(), api.postYaml("/policy-sets/plan?" + query, documents), limit);
    }
  }

  @Command(description = "Says which recorded decisions other policies would have turned.")
  void replay(
      @Option(
              names = "-f",
              paramLabel = "FILE|DIR",
              description = "YAML; of a folder all .yaml and .yml in it")
          @Nullable
          Path file,
      @Option(names = "--all", description = "as if every policy that is not among them went")
          boolean all,
      @Option(names = "--set", paramLabel = "SET", description = "instead of -f: a set of before")
          @Nullable
          String set,
      @Option(
              names = "--days",
              defaultValue = "7",
              description = "how far back; default: ${DEFAULT-VALUE}")
          int days,
      @Option(names = "--limit", defaultValue = "20", description = "tell at most so many of each")
          int limit) {
    if ((file == null) == (set == null)) {
      throw Failure.usage("Give either -f or --set.");
    }
    String query =
        "?days=" + days + (set == null ? "&all=" + all : "&set=" + ApiClient.encode(set));
    String documents = file == null ? "" : PolicyFiles.read(file);
    try (ApiClient api = options.api()) {
      PolicyReplay.show(
          options.output(), api.postYamlLong("/policy-sets/replay" + query, documents), limit);
    }
  }

  private void outcome(JsonNode outcome, boolean dryRun) {
    Output output = options.output();
    for (JsonNode change : outcome.path("changes")) {
      String done = change.path("change").asText();
      output.say((dryRun ? "would be " : "") + done + "  " + change.path("name").asText());
    }
    int changes = outcome.path("changes").size();
    String set = outcome.path("set").asText();
    output.result(
        outcome,
        changes == 0
            ? "Nothing to change; the set " + set + " is in force."
            : dryRun
                ? changes + " policies would be changed; the set would be " + set + "."
                : changes + " policies changed in act " + outcome.path("act").asText()
                    + "; the set " + set + " is in force. Back with: admin policy rollback "
                    + outcome.path("replaced").asText());
  }

  @Command(description = "Lists the policies.")
  void list(
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      options.output().list(api.list("/policies", Map.of(), limit), "name");
    }
  }

  @Command(description = "Removes a policy.")
  void remove(@Parameters(paramLabel = "NAME") String name) {
    try (ApiClient api = options.api()) {
      api.delete("/policies/" + ApiClient.encode(name));
      options.output().result(Json.object().put("removed", name), "Policy " + name + " removed.");
    }
  }

  @Command(description = "Says what would be decided now, and why.")
  void explain(
      @Option(
              names = "--device",
              paramLabel = "ID",
              required = true,
              description = "the device's UUID")
          UUID device,
      @Option(names = "--peer", required = true, description = "name or address") String peer,
      @Option(names = "--protocol", defaultValue = "tcp", description = "default: ${DEFAULT-VALUE}")
          String protocol,
      @Option(names = "--port", description = "not with --protocol icmp") @Nullable Integer port,
      @Option(
              names = "--icmp-type",
              paramLabel = "TYPE",
              description = "8 or echo-request; of a peer by name v4:8 or v6:128")
          @Nullable
          String icmpType) {
    ObjectNode asked =
        Json.object().put("device", device.toString()).put("peer", peer).put("protocol", protocol);
    if (port != null) {
      asked.put("port", port);
    }
    if (icmpType != null) {
      asked.put("icmp_type", icmpType);
    }
    try (ApiClient api = options.api()) {
      options.output().show(api.post("/policies/explain", asked));
    }
  }
}
