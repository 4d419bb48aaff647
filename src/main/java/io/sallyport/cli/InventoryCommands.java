package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin device}. */
@Command(name = "device", description = "Devices and their lifecycle.")
final class InventoryCommands {
  private static final String WHY = "why, for the log";
  private static final String ID = "the device's UUID";

  private final Options options;

  InventoryCommands(Options options) {
    this.options = options;
  }

  @Command(description = "Registers a device that is to come.")
  void register(
      @Option(names = "--manufacturer", required = true, description = "a registered manufacturer")
          String manufacturer,
      @Option(names = "--model", required = true) String model,
      @Option(names = "--serial", required = true, description = "serial number, as in its IDevID")
          String serial,
      @Option(names = "--profile", required = true, description = "an applied device profile")
          String profile,
      @Option(names = "--owner", required = true, description = "who answers for it") String owner,
      @Option(names = "--site", required = true, description = "where it will stand") String site,
      @Option(names = "--name", description = "what people call it; its serial number if left out")
          @Nullable
          String name,
      @Option(names = "--label", paramLabel = "KEY=VALUE", description = "repeatable") @Nullable
          Map<String, String> labels) {
    ObjectNode device = Json.object()
        .put("manufacturer", manufacturer)
        .put("model", model)
        .put("serial_number", serial)
        .put("profile", profile)
        .put("owner", owner)
        .put("site", site);
    if (name != null) {
      device.put("name", name);
    }
    ObjectNode named = device.putObject("labels");
    if (labels != null) {
      labels.forEach(named::put);
    }
    try (ApiClient api = options.api()) {
      JsonNode added = api.post("/devices", device);
      options.output().result(added, added.path("id").asText());
    }
  }

  @Command(description = "Lists devices.")
  void list(
      @Option(
              names = "--state",
              description = "one of expected, active, quarantined, suspended, decommissioned")
          @Nullable
          String state,
      @Option(names = "--profile") @Nullable String profile,
      @Option(names = "--site") @Nullable String site,
      @Option(names = "--text", description = "start of a serial number, name or owner") @Nullable
          String text,
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    Map<String, @Nullable String> filters = new LinkedHashMap<>();
    filters.put("state", state);
    filters.put("profile", profile);
    filters.put("site", site);
    filters.put("text", text);
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(
              api.list("/devices", filters, limit),
              "id",
              "state",
              "manufacturer",
              "model",
              "serial_number",
              "name",
              "profile",
              "site",
              "owner");
    }
  }

  @Command(description = "Shows a device with its certificates and its newest appraisal.")
  void show(@Parameters(paramLabel = "ID", description = ID) UUID id) {
    try (ApiClient api = options.api()) {
      options.output().show(api.get("/devices/" + id));
    }
  }

  @Command(description = "Cuts a device off; it keeps certificate, renewal and attestation.")
  void quarantine(
      @Parameters(paramLabel = "ID", description = ID) UUID id,
      @Option(names = "--reason", required = true, description = WHY) String reason) {
    act(id, "quarantine", Json.object().put("reason", reason));
  }

  @Command(description = "Ends a quarantine or a suspension.")
  void release(
      @Parameters(paramLabel = "ID", description = ID) UUID id,
      @Option(names = "--reason", required = true, description = WHY) String reason) {
    act(id, "release", Json.object().put("reason", reason));
  }

  @Command(description = "Sets a device aside: nothing is allowed until it is released.")
  void suspend(
      @Parameters(paramLabel = "ID", description = ID) UUID id,
      @Option(names = "--reason", required = true, description = WHY) String reason) {
    act(id, "suspend", Json.object().put("reason", reason));
  }

  @Command(description = "Ends a device for good and revokes its certificates.")
  void decommission(
      @Parameters(paramLabel = "ID", description = ID) UUID id,
      @Option(names = "--reason", required = true, description = WHY) String reason,
      @Option(
              names = "--revocation-reason",
              defaultValue = "cessation-of-operation",
              description = "RFC 5280 reason of the revocations (default: ${DEFAULT-VALUE})")
          String revocation) {
    act(
        id,
        "decommission",
        Json.object().put("reason", reason).put("revocation_reason", revocation));
  }

  @Command(description = "Gives a device another name.")
  void rename(
      @Parameters(paramLabel = "ID", description = ID) UUID id,
      @Parameters(paramLabel = "NAME", description = "what people call it from now on") String name,
      @Option(names = "--reason", description = WHY) @Nullable String reason) {
    change(id, Json.object().put("name", name), reason);
  }

  @Command(description = "Moves a device to another site.")
  void move(
      @Parameters(paramLabel = "ID", description = ID) UUID id,
      @Parameters(paramLabel = "SITE", description = "where it stands from now on") String site,
      @Option(names = "--reason", description = WHY) @Nullable String reason) {
    change(id, Json.object().put("site", site), reason);
  }

  @Command(description = "Sets and takes away labels of a device.")
  void label(
      @Parameters(paramLabel = "ID", description = ID) UUID id,
      @Option(names = "--set", paramLabel = "KEY=VALUE", description = "repeatable") @Nullable
          Map<String, String> set,
      @Option(names = "--remove", paramLabel = "KEY", description = "repeatable") @Nullable
          List<String> remove,
      @Option(names = "--reason", description = WHY) @Nullable String reason) {
    ObjectNode change = Json.object();
    ObjectNode labels = change.putObject("labels");
    if (remove != null) {
      remove.forEach(labels::putNull);
    }
    if (set != null) {
      set.forEach(labels::put);
    }
    change(id, change, reason);
  }

  @Command(
      description =
          "Transfers a device to another profile; certificates that it does not allow are revoked.")
  void transfer(
      @Parameters(paramLabel = "ID", description = ID) UUID id,
      @Parameters(paramLabel = "PROFILE", description = "an applied device profile") String profile,
      @Option(names = "--reason", description = WHY) @Nullable String reason) {
    change(id, Json.object().put("profile", profile), reason);
  }

  @Command(
      description =
          "Puts a spare in the place of a failed device, which is decommissioned; repeating it changes nothing.")
  void replace(
      @Parameters(paramLabel = "FAILED", description = "the failed device's UUID") UUID failed,
      @Parameters(paramLabel = "SPARE", description = "the spare's UUID") UUID spare,
      @Option(names = "--reason", required = true, description = WHY) String reason,
      @Option(names = "--other-model", description = "take a spare of another model too")
          boolean otherModel) {
    ObjectNode replace = Json.object().put("spare", spare.toString()).put("reason", reason);
    if (otherModel) {
      replace.put("other_model", true);
    }
    try (ApiClient api = options.api()) {
      JsonNode done = api.post("/devices/" + failed + "/replace", replace);
      options
          .output()
          .result(
              done,
              "Device " + spare + " is \"" + done.path("name").asText() + "\" now, and " + failed
                  + " is decommissioned.");
    }
  }

  @Command(
      description = "Registers a returned unit as a new device; repeating it answers the same one.")
  void remanufacture(
      @Parameters(paramLabel = "ID", description = ID) UUID id,
      @Option(names = "--reason", required = true, description = WHY) String reason,
      @Option(names = "--name", description = "its serial number if left out") @Nullable
          String name,
      @Option(names = "--profile", description = "as before if left out") @Nullable String profile,
      @Option(names = "--owner", description = "as before if left out") @Nullable String owner,
      @Option(names = "--site", description = "as before if left out") @Nullable String site) {
    ObjectNode life = Json.object().put("reason", reason);
    Map<String, @Nullable String> given = new LinkedHashMap<>();
    given.put("name", name);
    given.put("profile", profile);
    given.put("owner", owner);
    given.put("site", site);
    given.forEach((field, value) -> {
      if (value != null) {
        life.put(field, value);
      }
    });
    try (ApiClient api = options.api()) {
      JsonNode next = api.post("/devices/" + id + "/remanufacture", life);
      options.output().result(next, next.path("id").asText());
    }
  }

  private void change(UUID id, ObjectNode change, @Nullable String reason) {
    if (reason != null) {
      change.put("reason", reason);
    }
    try (ApiClient api = options.api()) {
      JsonNode device = api.patch("/devices/" + id, change);
      options
          .output()
          .result(
              device,
              "Device " + id + " is \"" + device.path("name").asText() + "\" at "
                  + device.path("site").asText() + " with profile "
                  + device.path("profile").asText() + ".");
    }
  }

  private void act(UUID id, String action, ObjectNode body) {
    try (ApiClient api = options.api()) {
      JsonNode device = api.post("/devices/" + id + "/" + action, body);
      options
          .output()
          .result(device, "Device " + id + " is " + device.path("state").asText() + ".");
    }
  }
}
