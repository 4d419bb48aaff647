package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin ownership}. */
@Command(name = "ownership", description = "Devices pass from one owner to the next.")
final class OwnershipCommands {
  private static final String PATH = "/ownership";
  private static final String ID = "the device's UUID";

  private final Options options;

  OwnershipCommands(Options options) {
    this.options = options;
  }

  @Command(
      description =
          "Lets the next owner claim a device; the code is told this once, alone on standard output.")
  void release(
      @Parameters(paramLabel = "DEVICE", description = ID) UUID device,
      @Option(names = "--to", description = "the only owner who may claim it") @Nullable String to,
      @Option(
              names = "--lifetime",
              defaultValue = "P30D",
              description = "ISO 8601 duration, at most P365D (default: ${DEFAULT-VALUE})")
          Duration lifetime,
      @Option(
              names = "--out",
              paramLabel = "FILE",
              description = "write the code there, for the owner alone, and not here")
          @Nullable
          Path out) {
    ObjectNode wanted = Json.object().put("lifetime", lifetime.toString());
    if (to != null) {
      wanted.put("to", to);
    }
    try (ApiClient api = options.api()) {
      JsonNode released = api.post(PATH + "/devices/" + device + "/release", wanted);
      String code = released.path("code").asText();
      if (out == null) {
        options.output().result(released, code);
        return;
      }
      WholeFile.secret(out, code + "\n");
      ObjectNode rest = released.deepCopy();
      rest.remove("code");
      options
          .output()
          .result(rest, "Code until " + released.path("expires_at").asText() + " in " + out + ".");
    }
  }

  @Command(description = "Takes a release back.")
  void keep(@Parameters(paramLabel = "DEVICE", description = ID) UUID device) {
    try (ApiClient api = options.api()) {
      api.delete(PATH + "/devices/" + device + "/release");
      options
          .output()
          .result(
              Json.object().put("device", device.toString()),
              "Nobody may claim device " + device + " any more.");
    }
  }

  @Command(description = "Takes a released device over; all that it had under its last owner ends.")
  void claim(
      @Option(
              names = "--code-file",
              paramLabel = "FILE",
              required = true,
              description = "with the code that the last owner gave")
          Path code,
      @Option(names = "--owner", required = true, description = "who answers for it from now on")
          String owner,
      @Option(names = "--site", required = true, description = "where it will stand") String site,
      @Option(names = "--profile", description = "its device profile; left out, the one it has")
          @Nullable
          String profile) {
    ObjectNode wanted =
        Json.object().put("code", Pem.text(code).strip()).put("owner", owner).put("site", site);
    if (profile != null) {
      wanted.put("profile", profile);
    }
    try (ApiClient api = options.api()) {
      JsonNode claimed = api.post(PATH + "/claims", wanted);
      options
          .output()
          .result(claimed, "Device " + claimed.path("id").asText() + " is " + owner + "'s.");
    }
  }

  @Command(description = "Shows what a device's owners did, oldest first.")
  void history(@Parameters(paramLabel = "DEVICE", description = ID) UUID device) {
    try (ApiClient api = options.api()) {
      JsonNode known = api.get(PATH + "/devices/" + device);
      if (options.output().json()) {
        options.output().show(known);
        return;
      }
      options.output().say("Device " + device + " is " + known.path("owner").asText() + "'s.");
      ObjectNode page = Json.object();
      page.set("items", known.path("history"));
      options.output().list(page, "at", "act", "from", "to", "by");
    }
  }
}
