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
import picocli.CommandLine.Parameters;

/** {@code admin token}. */
@Command(name = "token", description = "Enrollment tokens.")
final class TokenCommands {
  private final Options options;

  TokenCommands(Options options) {
    this.options = options;
  }

  @Command(
      description =
          "Makes a token for one device or for several; its secret is told this once, alone on standard output.")
  void create(
      @Option(
              names = "--device",
              paramLabel = "ID",
              description = "the one device's UUID; without it give --manufacturer")
          @Nullable
          UUID device,
      @Option(
              names = "--manufacturer",
              paramLabel = "NAME",
              description = "whose devices; each names itself by its serial number in the request")
          @Nullable
          String manufacturer,
      @Option(names = "--site", description = "where the devices must be registered") @Nullable
          String site,
      @Option(
              names = "--serial-numbers",
              paramLabel = "PATTERN",
              description = "which of them: # is a digit, * any run of characters")
          @Nullable
          String serialNumbers,
      @Option(
              names = "--network",
              paramLabel = "CIDR",
              description = "from where, for instance 10.0.0.0/8")
          @Nullable
          String network,
      @Option(
              names = "--certificate-profile",
              paramLabel = "NAME",
              description = "the only certificate profile that the token is for")
          @Nullable
          String certificateProfile,
      @Option(
              names = "--uses",
              defaultValue = "1",
              description = "for how many certificates (default: ${DEFAULT-VALUE})")
          int uses,
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
      ObjectNode wanted = Json.object();
      wanted.put("uses", uses).put("lifetime", lifetime.toString());
      put(wanted, "device", device);
      put(wanted, "manufacturer", manufacturer);
      put(wanted, "site", site);
      put(wanted, "serial_numbers", serialNumbers);
      put(wanted, "network", network);
      put(wanted, "certificate_profile", certificateProfile);
      JsonNode made = api.post("/enrollment-tokens", wanted);
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

  private static void put(ObjectNode object, String name, @Nullable Object value) {
    if (value != null) {
      object.put(name, value.toString());
    }
  }

  @Command(description = "Lets a token admit nobody any more.")
  void withdraw(@Parameters(paramLabel = "ID", description = "the token's UUID") UUID id) {
    try (ApiClient api = options.api()) {
      api.delete("/enrollment-tokens/" + id);
      options
          .output()
          .result(Json.object().put("id", id.toString()), "Token " + id + " withdrawn.");
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
              "manufacturer",
              "uses",
              "used",
              "created_at",
              "expires_at",
              "used_at");
    }
  }
}
