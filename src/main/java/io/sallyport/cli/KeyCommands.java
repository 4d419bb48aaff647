package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code admin keys}. */
@Command(name = "keys", description = "The server's keys; never a private one.")
final class KeyCommands {
  private final Options options;

  KeyCommands(Options options) {
    this.options = options;
  }

  @Command(
      description =
          "Lists the keys: algorithm, purpose, where each is kept, what it is sealed under.")
  void list(
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(
              api.list("/keys", Map.of(), limit),
              "id",
              "algorithm",
              "purpose",
              "kept",
              "token",
              "master_key",
              "provider",
              "created_at");
    }
  }

  @Command(description = "Shows the master keys, and from when one is no longer needed.")
  void master() {
    try (ApiClient api = options.api()) {
      told(api.get("/keys/master"));
    }
  }

  @Command(
      name = "rotate-master",
      description =
          "Has the server read its master keys again and seal everything under the first; put the new one in front before.")
  void rotateMaster() {
    try (ApiClient api = options.api()) {
      told(api.post("/keys/master/rotate", Json.object()));
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
            Json.object().set("items", standing.path("keys")),
            "id",
            "current",
            "held",
            "current_since",
            "values",
            "needed_until");
    if (standing.path("former_format").asLong() > 0) {
      options
          .output()
          .say(
              standing.path("former_format").asLong()
                  + " values are of the format that names no master key; rotate-master seals them again.");
    }
  }
}
