package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** A plan of policies for people: what changes, for how many, and for each device what it gains and loses. */
final class PolicyPlan {
  private PolicyPlan() {}

  static void show(Output output, JsonNode plan, int limit) {
    if (output.json()) {
      output.result(plan, "");
      return;
    }
    plan.path("changes")
        .forEach(change -> output.say("would be " + change.path("change").asText() + "  "
            + change.path("name").asText()));
    output.say(plan.path("changed").asText() + " of " + plan.path("devices").asText()
        + " devices would be changed: " + plan.path("gaining").asText()
        + " would be permitted more, " + plan.path("losing").asText()
        + " would be denied something.");
    int told = 0;
    for (JsonNode device : plan.path("items")) {
      if (told++ == limit) {
        output.say("… and more: raise --limit, or use --json");
        return;
      }
      output.say(
          device.path("serial_number").asText() + "  " + device.path("device").asText() + "  "
              + device.path("profile").asText() + " at " + device.path("site").asText());
      device.path("denied").forEach(flow -> output.say("  - " + flow(flow)));
      device.path("permitted").forEach(flow -> output.say("  + " + flow(flow)));
      if (device.path("attached").isObject() || device.path("would_be_attached").isObject()) {
        output.say("  ~ attached " + attached(device.path("attached")) + ", then "
            + attached(device.path("would_be_attached")));
      }
    }
  }

  private static String flow(JsonNode flow) {
    List<String> ports = new ArrayList<>();
    flow.path("ports").forEach(port -> ports.add(port.asText()));
    return flow.path("protocol").asText()
        + (flow.path("direction").asText().equals("to-device") ? " from " : " to ")
        + flow.path("peer").asText()
        + (ports.isEmpty() ? "" : " " + String.join(",", ports));
  }

  private static String attached(JsonNode network) {
    return network.isObject() ? network.toString() : "as its port is set";
  }
}
