package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code admin policy canary}. */
@Command(name = "canary", description = "Policies on a share of the fleet before they are for all.")
final class CanaryCommands {
  private static final String PATH = "/policy-sets/canary";

  private final Options options;

  CanaryCommands(Options options) {
    this.options = options;
  }

  @Command(description = "Puts policies in force for a share of the devices, until then.")
  void begin(
      @Option(
              names = "-f",
              paramLabel = "FILE|DIR",
              required = true,
              description = "YAML; of a folder all .yaml and .yml in it")
          Path file,
      @Option(names = "--percent", required = true, description = "of the devices, 1 to 100")
          int percent,
      @Option(
              names = "--until",
              paramLabel = "MOMENT",
              required = true,
              description = "when it is abandoned by itself, e.g. 2026-11-22T20:00:00Z")
          String until,
      @Option(names = "--profile", description = "only devices of this profile") @Nullable
          String profile,
      @Option(names = "--site", description = "only devices at this site") @Nullable String site,
      @Option(names = "--all", description = "withdraw every policy that is not among them")
          boolean all,
      @Option(names = "--note", paramLabel = "TEXT", description = "why") @Nullable String note) {
    StringBuilder path = new StringBuilder(PATH)
        .append("?percent=")
        .append(percent)
        .append("&all=")
        .append(all)
        .append("&until=")
        .append(ApiClient.encode(until));
    add(path, "profile", profile);
    add(path, "site", site);
    add(path, "note", note);
    try (ApiClient api = options.api()) {
      show(api.postYaml(path.toString(), PolicyFiles.read(file)));
    }
  }

  private static void add(StringBuilder path, String name, @Nullable String value) {
    if (value != null) {
      path.append('&').append(name).append('=').append(ApiClient.encode(value));
    }
  }

  @Command(description = "Says how the newest canary does.")
  void show() {
    try (ApiClient api = options.api()) {
      show(api.get(PATH));
    }
  }

  @Command(description = "Puts what is tried in force for all, in one act.")
  void promote() {
    try (ApiClient api = options.api()) {
      JsonNode outcome = api.post(PATH + "/promote", Json.object());
      options
          .output()
          .result(
              outcome,
              "The set " + outcome.path("set").asText()
                  + " is in force for all. Back with: admin policy rollback "
                  + outcome.path("replaced").asText());
    }
  }

  @Command(description = "Ends it; what is in force is so for all again.")
  void abandon() {
    try (ApiClient api = options.api()) {
      show(api.post(PATH + "/abandon", Json.object()));
    }
  }

  private void show(JsonNode canary) {
    String outcome = canary.path("outcome").asText("");
    StringBuilder said = new StringBuilder("Canary ")
        .append(canary.path("number").asText())
        .append(": ")
        .append(canary.path("percent").asText())
        .append(" percent of the devices have ")
        .append(canary.path("changes").size())
        .append(" changed policies until ")
        .append(canary.path("until").asText())
        .append(canary.hasNonNull("outcome") ? "; it was " + outcome + "." : ".");
    for (JsonNode side : canary.path("sides")) {
      said.append(System.lineSeparator())
          .append(side.path("side").asText())
          .append(": ")
          .append(side.path("permits").asText())
          .append(" permits, ")
          .append(side.path("denials").asText())
          .append(" denials; of ")
          .append(side.path("compared").asText())
          .append(" compared the other side would answer ")
          .append(side.path("differing").asText())
          .append(" otherwise");
    }
    options.output().result(canary, said.toString());
  }
}
