package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin first-contact}. */
@Command(
    name = "first-contact",
    description = "Units that show a manufacturer's IDevID and are not registered.")
final class FirstContactCommands {
  private static final String PATH = "/first-contacts";
  /** What the server takes at once. */
  private static final int AT_ONCE = 10_000;

  private final Options options;

  FirstContactCommands(Options options) {
    this.options = options;
  }

  /** As what units are registered. */
  static final class Terms {
    @Option(names = "--model", description = "the model that units are registered as")
    @Nullable
    String model;

    @Option(names = "--profile", description = "the device profile that they get")
    @Nullable
    String profile;

    @Option(names = "--owner", description = "who answers for them")
    @Nullable
    String owner;

    @Option(names = "--site", description = "where they stand")
    @Nullable
    String site;

    ObjectNode json() {
      ObjectNode terms = Json.object();
      put(terms, "model", model);
      put(terms, "profile", profile);
      put(terms, "owner", owner);
      put(terms, "site", site);
      return terms;
    }

    private static void put(ObjectNode terms, String name, @Nullable String value) {
      if (value != null) {
        terms.put(name, value);
      }
    }
  }

  @Command(description = "Lists units; those that wait unless told otherwise.")
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
              "manufacturer",
              "serial_number",
              "remote",
              "asked_at",
              "device");
    }
  }

  @Command(
      description =
          "Registers a unit that waits; what is left out is as its manufacturer's policy says.")
  void approve(@Parameters(paramLabel = "ID") UUID id, @Mixin Terms terms) {
    try (ApiClient api = options.api()) {
      JsonNode approved = api.post(PATH + "/" + id + "/approve", terms.json());
      options
          .output()
          .result(
              approved,
              "Unit " + approved.path("serial_number").asText() + " is device "
                  + approved.path("device").asText() + ".");
    }
  }

  @Command(description = "Refuses a unit for 30 days.")
  void reject(
      @Parameters(paramLabel = "ID") UUID id,
      @Option(names = "--reason", required = true, description = "why, told to the device")
          String reason) {
    try (ApiClient api = options.api()) {
      JsonNode rejected =
          api.post(PATH + "/" + id + "/reject", Json.object().put("reason", reason));
      options
          .output()
          .result(rejected, "Unit " + rejected.path("serial_number").asText() + " is rejected.");
    }
  }

  @Command(description = "Shows what becomes of a manufacturer's unregistered units.")
  void policy(@Parameters(paramLabel = "MANUFACTURER") String manufacturer) {
    try (ApiClient api = options.api()) {
      options.output().show(api.get(of(manufacturer) + "/first-contact-policy"));
    }
  }

  @Command(
      name = "set-policy",
      description = "Says what becomes of a manufacturer's unregistered units.")
  void setPolicy(
      @Parameters(paramLabel = "MANUFACTURER") String manufacturer,
      @Option(
              names = "--listed",
              required = true,
              description = "of units on the list: reject, hold or admit")
          String listed,
      @Option(
              names = "--unlisted",
              required = true,
              description = "of all others: reject, hold or admit")
          String unlisted,
      @Mixin Terms terms) {
    try (ApiClient api = options.api()) {
      JsonNode set = api.putJson(
          of(manufacturer) + "/first-contact-policy",
          terms.json().put("listed", listed).put("unlisted", unlisted));
      options
          .output()
          .result(
              set,
              "Units of " + manufacturer + ": on the list " + listed + ", others " + unlisted
                  + ".");
    }
  }

  @Command(description = "Expects serial numbers, or patterns, of a manufacturer.")
  void allow(
      @Parameters(paramLabel = "MANUFACTURER") String manufacturer,
      @Parameters(
              paramLabel = "SERIAL",
              arity = "0..*",
              description = "# is a digit, * any run of characters")
          @Nullable
          List<String> units,
      @Option(names = "--file", description = "more of them, one a line") @Nullable Path file) {
    List<String> all = new ArrayList<>(units == null ? List.of() : units);
    if (file != null) {
      Pem.text(file).lines().map(String::strip).filter(line -> !line.isEmpty()).forEach(all::add);
    }
    if (all.isEmpty()) {
      throw Failure.usage("Give serial numbers or patterns, or --file.");
    }
    int added = 0;
    try (ApiClient api = options.api()) {
      for (int from = 0; from < all.size(); from += AT_ONCE) {
        ObjectNode body = Json.object();
        ArrayNode part = body.putArray("serial_numbers");
        all.subList(from, Math.min(all.size(), from + AT_ONCE)).forEach(part::add);
        added +=
            api.post(of(manufacturer) + "/allowed-units", body).path("added").asInt();
      }
    }
    options
        .output()
        .result(
            Json.object().put("given", all.size()).put("added", added),
            added + " of " + all.size() + " are new on the list of " + manufacturer + ".");
  }

  @Command(description = "Takes a serial number or pattern off a manufacturer's list.")
  void disallow(
      @Parameters(paramLabel = "MANUFACTURER") String manufacturer,
      @Parameters(paramLabel = "SERIAL") String unit) {
    try (ApiClient api = options.api()) {
      api.delete(of(manufacturer) + "/allowed-units?serial_number=" + ApiClient.encode(unit));
      options
          .output()
          .result(Json.object().put("removed", unit), unit + " is not on the list any more.");
    }
  }

  @Command(description = "Lists the serial numbers and patterns that are expected.")
  void allowed(
      @Parameters(paramLabel = "MANUFACTURER") String manufacturer,
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      ObjectNode page = api.list(of(manufacturer) + "/allowed-units", Map.of(), limit);
      ArrayNode rows = Json.array();
      page.path("items")
          .forEach(unit -> rows.add(Json.object().put("serial_number", unit.asText())));
      page.set("items", rows);
      options.output().list(page, "serial_number");
    }
  }

  private static String of(String manufacturer) {
    return "/manufacturers/" + ApiClient.encode(manufacturer);
  }
}
