package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin enrollment-request}. */
@Command(
    name = "enrollment-request",
    description = "First requests of devices that wait for a person's approval.")
final class EnrollmentRequestCommands {
  private static final String PATH = "/enrollment-requests";

  private final Options options;

  EnrollmentRequestCommands(Options options) {
    this.options = options;
  }

  @Command(description = "Lists requests; those that wait unless told otherwise.")
  void list(
      @Option(
              names = "--state",
              defaultValue = "pending",
              description = "pending, approved or rejected (default: ${DEFAULT-VALUE})")
          String state,
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(
              api.list(PATH, Map.of("state", state), limit),
              "id",
              "state",
              "device",
              "profile",
              "asked_at");
    }
  }

  @Command(description = "Lets the device have the certificate when it asks again.")
  void approve(@Parameters(paramLabel = "ID") UUID id) {
    decide(id, "approve", null);
  }

  @Command(description = "Refuses the request.")
  void reject(
      @Parameters(paramLabel = "ID") UUID id,
      @Option(names = "--reason", required = true, description = "why, told to the device")
          String reason) {
    decide(id, "reject", reason);
  }

  private void decide(UUID id, String decision, @Nullable String reason) {
    try (ApiClient api = options.api()) {
      JsonNode decided = api.post(
          PATH + "/" + id + "/" + decision,
          reason == null ? Json.object() : Json.object().put("reason", reason));
      options
          .output()
          .result(
              decided,
              "Request " + id + " of device " + decided.path("device").asText() + " is "
                  + decided.path("state").asText() + ".");
    }
  }
}
