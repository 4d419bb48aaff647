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

  @Command(description = "Shows the keys that grants are checked with, and which one signs.")
  void grants() {
    try (ApiClient api = options.api()) {
      grantKeys(api.get("/keys/grants"));
    }
  }

  @Command(
      name = "rotate-grants",
      description = {
        "Makes a new key to sign grants with: published now, signing after ten minutes.",
        "What the others signed counts to its end, unless they are compromised."
      })
  void rotateGrants(
      @Option(
              names = "--compromised",
              description =
                  "sign with it at once; nothing that another key signed counts any longer")
          boolean compromised) {
    try (ApiClient api = options.api()) {
      grantKeys(api.post("/keys/grants/rotate", Json.object().put("compromised", compromised)));
    }
  }

  private void grantKeys(JsonNode standing) {
    if (options.output().json()) {
      options.output().show(standing);
      return;
    }
    options
        .output()
        .list(
            Json.object().set("items", standing.path("keys")),
            "key_id",
            "signing",
            "signs_from",
            "counts_until");
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
