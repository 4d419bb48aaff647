package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin renewal}. */
@Command(name = "renewal", description = "Renewals that are pulled forward.")
final class RenewalCommands {
  private final Options options;

  RenewalCommands(Options options) {
    this.options = options;
  }

  @Command(description = "Asks devices to renew earlier, spread over a time.")
  void start(
      @Option(names = "--within", description = "ISO 8601 duration (default: PT24H)") @Nullable
          String within,
      @Option(names = "--authority", description = "of its certificates alone") @Nullable
          String authority,
      @Option(names = "--certificate-profile") @Nullable String certificateProfile,
      @Option(names = "--profile", description = "of devices with this profile alone") @Nullable
          String profile,
      @Option(names = "--site", description = "of devices there alone") @Nullable String site,
      @Option(names = "--reason", required = true, description = "why, for the log")
          String reason) {
    ObjectNode campaign = Json.object().put("reason", reason);
    Map<String, @Nullable String> given = new LinkedHashMap<>();
    given.put("within", within);
    given.put("authority", authority);
    given.put("certificate_profile", certificateProfile);
    given.put("device_profile", profile);
    given.put("site", site);
    given.forEach((field, value) -> {
      if (value != null) {
        campaign.put(field, value);
      }
    });
    try (ApiClient api = options.api()) {
      JsonNode started = api.post("/renewal-campaigns", campaign);
      options.output().result(started, started.path("id").asText());
    }
  }

  @Command(description = "Lists the campaigns.")
  void list() {
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(
              (ObjectNode) api.get("/renewal-campaigns"),
              "id",
              "started_at",
              "until",
              "ended_at",
              "reason");
    }
  }

  @Command(description = "Ends a campaign.")
  void end(@Parameters(paramLabel = "ID", description = "the campaign's UUID") UUID id) {
    try (ApiClient api = options.api()) {
      JsonNode ended = api.post("/renewal-campaigns/" + id + "/end", Json.object());
      options.output().result(ended, "Campaign " + id + " has ended.");
    }
  }
}
