package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
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
  private static final String ROWS = "application/x-ndjson";
  /** Rows of one request: a cut costs no more than these being asked for again. */
  private static final int WINDOW = 2_000;

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
  void show(@Parameters(paramLabel = "ID") String id) {
    try (ApiClient api = options.api()) {
      options.output().show(api.get(path(id)));
    }
  }

  @Command(
      name = "import",
      description = "Registers the devices that a file lists: CSV (.csv) or lines of JSON.")
  void importing(
      @Parameters(paramLabel = "ID") String id,
      @Parameters(paramLabel = "FILE") Path file,
      @Option(names = "--report", description = "where the report goes, a line of JSON a row")
          @Nullable
          Path report) {
    String type = file.toString().toLowerCase(Locale.ROOT).endsWith(".csv") ? "text/csv" : ROWS;
    try (ApiClient api = options.api();
        Progress progress = new Progress(options, lines(file));
        OutputStream out =
            report == null ? OutputStream.nullOutputStream() : Files.newOutputStream(report)) {
      JsonNode done = answers(
          api.stream(path(id) + "/import", type, () -> content(file)),
          progress,
          line -> write(out, line));
      finish(done, "registered", "exists");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
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
    try (ApiClient api = options.api();
        Progress progress = new Progress(options, lines(requests));
        BufferedReader rows = Files.newBufferedReader(requests);
        OutputStream out = append(answers)) {
      Set<String> issued = issued(answers);
      progress.more(issued.size());
      ObjectNode total = Json.object().put("issued", 0L).put("again", 0L).put("refused", 0L);
      List<String> window = new ArrayList<>();
      for (String row = rows.readLine(); row != null; row = rows.readLine()) {
        if (!row.isBlank() && !issued.contains(key(row))) {
          window.add(row);
        }
        if (window.size() == WINDOW) {
          send(api, id, window, progress, out, total);
          window.clear();
        }
      }
      if (!window.isEmpty()) {
        send(api, id, window, progress, out, total);
      }
      finish(total, "issued", "again");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void send(
      ApiClient api,
      String id,
      List<String> window,
      Progress progress,
      OutputStream out,
      ObjectNode total) {
    byte[] body = (String.join("\n", window) + "\n").getBytes(StandardCharsets.UTF_8);
    JsonNode done = answers(
        api.stream(path(id) + "/issue", ROWS, () -> new ByteArrayInputStream(body)),
        progress,
        line -> write(out, line));
    total
        .properties()
        .forEach(count -> total.put(
            count.getKey(),
            count.getValue().asLong() + done.path(count.getKey()).asLong()));
  }

  /** Rows whose certificate is in the file; a line that was cut is none. */
  private static Set<String> issued(Path answers) throws IOException {
    Set<String> rows = new HashSet<>();
    try (BufferedReader lines = Files.newBufferedReader(answers)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode answer = Json.lenient(line);
        if (answer.path("status").asText().equals("issued")) {
          rows.add(answer.path("row").asText());
        }
      }
    }
    return rows;
  }

  private static OutputStream append(Path answers) throws IOException {
    OutputStream out =
        Files.newOutputStream(answers, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    long size = Files.size(answers);
    if (size > 0) {
      // Behind a line that was cut.
      try (InputStream in = Files.newInputStream(answers)) {
        in.skipNBytes(size - 1);
        if (in.read() != '\n') {
          out.write('\n');
        }
      }
    }
    return out;
  }

  private static String key(String row) {
    JsonNode asked = Json.lenient(row);
    return asked.path(asked.has("row") ? "row" : "serial_number").asText();
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
      options
          .output()
          .result(
              closed,
              "Batch " + closed.path("name").asText() + " is closed with "
                  + closed.path("issued").asLong() + " of "
                  + closed.path("ordered").asLong()
                  + " certificates; SHA-256 of the manifest: "
                  + closed.path("manifest_sha256").asText());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private interface Line {
    void take(String line);
  }

  /** The last line, which says that all others came. */
  private static JsonNode answers(InputStream body, Progress progress, Line each) {
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode answer = Json.lenient(line);
        if (answer.has("done")) {
          return answer.get("done");
        }
        each.take(line);
        progress.more(1);
      }
    } catch (IOException e) {
      throw cut();
    }
    throw cut();
  }

  private static Failure cut() {
    return new Failure(
        ExitCode.UNREACHABLE,
        "The connection was cut before the last answer. Call the same command again; nothing is doubled.");
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

  private static void write(OutputStream out, String line) {
    try {
      out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static InputStream content(Path file) {
    try {
      return Files.newInputStream(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long lines(Path file) throws IOException {
    long lines = 0;
    try (InputStream in = Files.newInputStream(file)) {
      byte[] octets = new byte[1 << 16];
      for (int read = in.read(octets); read > 0; read = in.read(octets)) {
        for (int i = 0; i < read; i++) {
          lines += octets[i] == '\n' ? 1 : 0;
        }
      }
    }
    return lines;
  }

  private static String path(String id) {
    return PATH + "/" + ApiClient.encode(id);
  }

  /** One line that is drawn again, where somebody watches. */
  private static final class Progress implements AutoCloseable {
    private static final int WIDTH = 40;
    private static final long EVERY_NANOS = 200_000_000;

    private final @Nullable PrintWriter terminal;
    private final long all;
    private long done;
    private long drawn;

    Progress(Options options, long all) {
      terminal = System.console() != null
              && System.console().isTerminal()
              && !options.output().json()
          ? new PrintWriter(System.err, true, StandardCharsets.UTF_8)
          : null;
      this.all = Math.max(1, all);
    }

    void more(long rows) {
      done += rows;
      if (terminal != null && System.nanoTime() - drawn > EVERY_NANOS) {
        draw();
      }
    }

    private void draw() {
      if (terminal == null) {
        return;
      }
      drawn = System.nanoTime();
      int full = (int) Math.min(WIDTH, done * WIDTH / all);
      terminal.print("\r[" + "#".repeat(full) + " ".repeat(WIDTH - full) + "] " + done + "/" + all);
      terminal.flush();
    }

    @Override
    public void close() {
      if (terminal != null) {
        draw();
        terminal.println();
      }
    }
  }
}
