package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Files of rows to the server, and what it answers to files. */
final class BatchFiles {
  private static final String ROWS = "application/x-ndjson";
  /** Rows of one request: a cut costs no more than these being asked for again. */
  private static final int WINDOW = 2_000;

  private final ApiClient api;
  private final String path;

  BatchFiles(ApiClient api, String path) {
    this.api = api;
    this.path = path;
  }

  private interface Line {
    void take(String line);
  }

  /**
   * Sends a file of devices; answers how many were registered, existed and were refused.
   *
   * @param report where a line for each row goes, or null
   * @param check changes nothing
   */
  JsonNode bring(Path file, @Nullable Path report, boolean check, Progress progress)
      throws IOException {
    String type = file.toString().toLowerCase(Locale.ROOT).endsWith(".csv") ? "text/csv" : ROWS;
    try (OutputStream out =
        report == null ? OutputStream.nullOutputStream() : Files.newOutputStream(report)) {
      return answers(
          api.stream(path + "/import" + (check ? "?check=true" : ""), type, () -> content(file)),
          progress,
          line -> write(out, line));
    }
  }

  /** Sends those requests that have no certificate among the answers yet, and appends to these. */
  JsonNode issue(Path requests, Path answers, Progress progress) throws IOException {
    try (BufferedReader rows = Files.newBufferedReader(requests);
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
          send(window, progress, out, total);
          window.clear();
        }
      }
      if (!window.isEmpty()) {
        send(window, progress, out, total);
      }
      return total;
    }
  }

  private void send(List<String> window, Progress progress, OutputStream out, ObjectNode total) {
    byte[] body = (String.join("\n", window) + "\n").getBytes(StandardCharsets.UTF_8);
    JsonNode done = answers(
        api.stream(path + "/issue", ROWS, () -> new ByteArrayInputStream(body)),
        progress,
        line -> write(out, line));
    total
        .properties()
        .forEach(count -> total.put(
            count.getKey(),
            count.getValue().asLong() + done.path(count.getKey()).asLong()));
  }

  /** Rows whose certificate is in the file; a line that was cut is none. */
  static Set<String> issued(Path answers) throws IOException {
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

  static OutputStream append(Path answers) throws IOException {
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

  static long lines(Path file) throws IOException {
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
}
