package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code admin batch}: work orders of manufacturing lines. */
@Command(
    name = "batch",
    description = "Batches: so many devices of a model, each with a certificate.")
final class BatchCommands {
  private static final String PATH = "/batches";

  private final Options options;

  BatchCommands(Options options) {
    this.options = options;
  }

  @Command(description = "Orders devices.")
  void create(
      @Parameters(paramLabel = "NAME") String name,
      @Option(names = "--manufacturer", required = true) String manufacturer,
      @Option(names = "--model", required = true) String model,
      @Option(names = "--profile", required = true, description = "the device profile")
          String profile,
      @Option(names = "--certificate-profile") @Nullable String certificateProfile,
      @Option(names = "--owner", required = true) String owner,
      @Option(names = "--site", required = true) String site,
      @Option(names = "--line") @Nullable String line,
      @Option(
              names = "--serial-pattern",
              description = "which serial numbers there may be: * for anything, # for a digit")
          @Nullable
          String serialPattern,
      @Option(names = "--ordered", required = true, description = "how many devices") int ordered) {
    ObjectNode body = Json.object()
        .put("name", name)
        .put("manufacturer", manufacturer)
        .put("model", model)
        .put("profile", profile)
        .put("certificate_profile", certificateProfile)
        .put("owner", owner)
        .put("site", site)
        .put("line", line)
        .put("serial_pattern", serialPattern)
        .put("ordered", ordered);
    try (ApiClient api = options.api()) {
      JsonNode batch = api.post(PATH, body);
      options
          .output()
          .result(batch, "Batch " + name + " is open: " + batch.path("id").asText());
    }
  }

  @Command(description = "Lists batches.")
  void list(
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(
              api.list(PATH, Map.of(), limit),
              "id",
              "name",
              "model",
              "ordered",
              "registered",
              "issued",
              "state");
    }
  }

  @Command(description = "Shows a batch and how far it is.")
  void show(
      @Parameters(paramLabel = "ID") String id,
      @Option(names = "--follow", description = "goes on until the batch is closed")
          boolean follow) {
    try (ApiClient api = options.api()) {
      if (!follow) {
        options.output().show(api.get(path(id)));
        return;
      }
      JsonNode closed;
      try (Progress progress = Progress.of(options, 1)) {
        closed =
            new BatchEvents(api, path(id) + "/events").follow(batch -> follow(batch, progress));
      }
      options.output().say(sentence(closed));
    }
  }

  private void follow(JsonNode batch, Progress progress) {
    if (options.output().json()) {
      options.output().line(batch);
    }
    progress.at(
        batch.path("issued").asLong(),
        batch.path("ordered").asLong(),
        ", " + batch.path("registered").asLong() + " registered, "
            + batch.path("refused").asLong() + " refused, "
            + batch.path("per_second").asLong() + " a second");
  }

  @Command(
      name = "import",
      description = {
        "Registers the devices that a file lists: CSV (.csv) or lines of JSON.",
        "A file that is not whole changes nothing. After a cut, call the same command again."
      })
  void importing(
      @Parameters(paramLabel = "ID") String id,
      @Parameters(paramLabel = "FILE") Path file,
      @Option(
              names = "--check",
              description = "says what would become of each row, changes nothing")
          boolean check,
      @Option(names = "--report", description = "where the report goes, a line of JSON a row")
          @Nullable
          Path report) {
    try (ApiClient api = options.api()) {
      JsonNode done;
      try (Progress progress = Progress.of(options, BatchFiles.lines(file))) {
        done = new BatchFiles(api, path(id)).bring(file, report, check, progress);
      }
      finish(done, check ? "new" : "registered", "exists");
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  @Command(
      description =
          "Sends requests and writes certificates; called again with the same files it goes on where it was cut.")
  void issue(
      @Parameters(paramLabel = "ID") String id,
      @Parameters(
              paramLabel = "REQUESTS",
              description = "lines of JSON: serial_number, csr, and row and labels if wanted")
          Path requests,
      @Parameters(paramLabel = "ANSWERS", description = "lines of JSON, appended") Path answers) {
    try (ApiClient api = options.api()) {
      JsonNode total;
      try (Progress progress = Progress.of(options, BatchFiles.lines(requests))) {
        total = new BatchFiles(api, path(id)).issue(requests, answers, progress);
      }
      finish(total, "issued", "again");
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private static Failure unreadable(IOException e) {
    return e instanceof NoSuchFileException missing
        ? Failure.usage("There is no file " + missing.getFile() + ".")
        : Failure.usage("A file cannot be read or written: " + e.getMessage() + ".");
  }

  private void finish(JsonNode done, String fresh, String before) {
    options
        .output()
        .result(
            done,
            done.path(fresh).asLong() + " " + fresh + ", " + done.path(before).asLong() + " "
                + before + ", " + done.path("refused").asLong() + " refused.");
    if (done.path("refused").asLong() > 0) {
      throw new Failure(ExitCode.REFUSED, "Some rows were refused; the answers say why.");
    }
  }

  @Command(description = "Lists what rows that have no certificate were last refused.")
  void refusals(
      @Parameters(paramLabel = "ID") String id,
      @Option(names = "--limit", defaultValue = "1000", description = "at most so many")
          int limit) {
    try (ApiClient api = options.api()) {
      options
          .output()
          .list(
              api.list(path(id) + "/refusals", Map.of(), limit),
              "row",
              "problem",
              "station",
              "detail");
    }
  }

  @Command(
      description =
          "Takes a row up again: what its device has is revoked, and the line may ask once more, on any key.")
  void reopen(
      @Parameters(paramLabel = "ID") String id,
      @Parameters(paramLabel = "ROW") String row,
      @Option(names = "--reason", required = true) String reason) {
    decide(id, row, "reopen", reason);
  }

  @Command(
      name = "give-up",
      description =
          "Gives a row up for good: its device is decommissioned, and another may take its place.")
  void giveUp(
      @Parameters(paramLabel = "ID") String id,
      @Parameters(paramLabel = "ROW") String row,
      @Option(names = "--reason", required = true) String reason) {
    decide(id, row, "give-up", reason);
  }

  private void decide(String id, String row, String act, String reason) {
    try (ApiClient api = options.api()) {
      JsonNode decided = api.post(
          path(id) + "/rows/" + ApiClient.encode(row) + "/" + act,
          Json.object().put("reason", reason));
      options
          .output()
          .result(decided, "Row " + row + " is " + decided.path("state").asText() + ".");
    }
  }

  @Command(description = "Takes nothing more for a batch, and signs its manifest.")
  void close(
      @Parameters(paramLabel = "ID") String id,
      @Option(
              names = "--manifest",
              description = "where the manifest goes; its signature beside it")
          @Nullable
          Path manifest) {
    try (ApiClient api = options.api()) {
      JsonNode closed = api.post(path(id) + "/close", Json.object());
      if (manifest != null) {
        Path signature = manifest.resolveSibling(manifest.getFileName() + ".p7s");
        try (InputStream lines = api.open(path(id) + "/manifest");
            InputStream signed = api.open(path(id) + "/manifest.p7s")) {
          Files.write(manifest, new byte[0]);
          try (OutputStream out = Files.newOutputStream(manifest)) {
            lines.transferTo(out);
          }
          Files.write(signature, signed.readAllBytes());
        }
      }
      options.output().result(closed, sentence(closed));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String sentence(JsonNode closed) {
    return "Batch " + closed.path("name").asText() + " is closed with "
        + closed.path("issued").asLong() + " of "
        + closed.path("ordered").asLong()
        + " certificates; SHA-256 of the manifest: "
        + closed.path("manifest_sha256").asText();
  }

  private static String path(String id) {
    return PATH + "/" + ApiClient.encode(id);
  }
}
