package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code admin token}. */
@Command(name = "token", description = "One-time enrollment tokens.")
final class TokenCommands {
  private final Options options;

  TokenCommands(Options options) {
    this.options = options;
  }

  @Command(
      description =
          "Makes a token for one device; its secret is told this once, alone on standard output.")
  void create(
      @Option(
              names = "--device",
              paramLabel = "ID",
              required = true,
              description = "the device's UUID")
          UUID device,
      @Option(
              names = "--lifetime",
              defaultValue = "PT24H",
              description =
                  "ISO 8601 duration such as PT5M, at most P90D (default: ${DEFAULT-VALUE})")
          Duration lifetime,
      @Option(
              names = "--out",
              paramLabel = "FILE",
              description = "write it there, for the owner alone, and not here")
          @Nullable
          Path out) {
    try (ApiClient api = options.api()) {
      JsonNode made = api.post(
          "/enrollment-tokens",
          Json.object().put("device", device.toString()).put("lifetime", lifetime.toString()));
      String secret = made.path("token").asText();
      if (out == null) {
        options.output().result(made, secret);
        return;
      }
      WholeFile.secret(out, secret + "\n");
      ObjectNode rest = made.deepCopy();
      rest.remove("token");
      options
          .output()
          .result(rest, "Token until " + made.path("expires_at").asText() + " in " + out + ".");
    }
  }

  @Command(description = "Lists the tokens, without their secrets.")
  void list(
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(
              api.list("/enrollment-tokens", Map.of(), limit),
              "id",
              "device",
              "created_at",
              "expires_at",
              "used_at");
    }
  }
}
