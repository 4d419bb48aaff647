package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code admin retention}. */
@Command(name = "retention", description = "What is kept for how long, and what goes when.")
final class RetentionCommands {
  private final Options options;

  RetentionCommands(Options options) {
    this.options = options;
  }

  @Command(description = "Shows the terms, and whether dropping is on hold.")
  void show() {
    try (ApiClient api = options.api()) {
      told(api.get("/retention"));
    }
  }

  @Command(
      description = "Lists what will be dropped, the soonest first, and what stands in its way.")
  void plan(
      @Option(
              names = "--days",
              defaultValue = "366",
              description = "how far to look ahead (default: ${DEFAULT-VALUE})")
          int days) {
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(
              api.get("/retention/plan?days=" + days),
              "records",
              "from",
              "before",
              "goes",
              "octets",
              "count",
              "announced_at",
              "obstacle");
    }
  }

  @Command(description = "Stops all dropping, on every node, until it is lifted.")
  void hold(
      @Option(
              names = "--reason",
              required = true,
              paramLabel = "TEXT",
              description = "why; kept in the log")
          String reason) {
    try (ApiClient api = options.api()) {
      told(api.post("/retention/hold", Json.object().put("reason", reason)));
    }
  }

  @Command(description = "Lifts the hold.")
  void lift() {
    try (ApiClient api = options.api()) {
      told(api.post("/retention/lift", Json.object()));
    }
  }

  private void told(JsonNode standing) {
    if (options.output().json()) {
      options.output().show(standing);
      return;
    }
    options
        .output()
        .list(
            Json.object().set("items", standing.path("terms")),
            "records",
            "term",
            "kept_from",
            "partitions_until",
            "partitions_kept",
            "partitions_dropped");
    JsonNode hold = standing.path("hold");
    options
        .output()
        .say(
            hold.isObject()
                ? "ON HOLD"
                    + (hold.path("since").isTextual()
                        ? " since " + hold.path("since").asText() + " by "
                            + hold.path("by").asText()
                        : "")
                    + ": " + hold.path("reason").asText()
                : "No hold.");
  }
}
