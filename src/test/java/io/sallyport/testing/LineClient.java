package io.sallyport.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;

/** A manufacturing line's computer: orders batches and streams requests. */
public final class LineClient {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Wire wire;
  private final String batch;

  private LineClient(Wire wire, String batch) {
    this.wire = wire;
    this.batch = batch;
  }

  /** Orders so many devices of a manufacturer that is registered. */
  public static LineClient order(
      Wire wire, String name, String manufacturer, String profile, int ordered) {
    return new LineClient(
        wire,
        wire.admin(
                "POST",
                "/api/v1/batches",
                Map.of(
                    "name", name,
                    "manufacturer", manufacturer,
                    "model", "M1",
                    "profile", profile,
                    "owner", "line",
                    "site", "plant",
                    "ordered", ordered))
            .get("id")
            .asText());
  }

  public String batch() {
    return batch;
  }

  public JsonNode shown() {
    return wire.admin("GET", "/api/v1/batches/" + batch, null);
  }

  /** The line for a device, on this key. */
  public static String row(String serialNumber, KeyPair keys) {
    return "{\"serial_number\":\"" + serialNumber + "\",\"csr\":\""
        + Base64.getEncoder()
            .encodeToString(TestPki.request(keys, "serialNumber=" + serialNumber, null))
        + "\"}";
  }

  /** What came back, line by line. */
  public List<JsonNode> issue(List<String> rows) {
    HttpResponse<byte[]> response = send(rows);
    if (response.statusCode() != 200) {
      throw new AssertionError(
          response.statusCode() + ": " + new String(response.body(), StandardCharsets.UTF_8));
    }
    return lines(response.body());
  }

  public HttpResponse<byte[]> send(List<String> rows) {
    return wire.send(
        null,
        wire.person("/api/v1/batches/" + batch + "/issue")
            .header("Content-Type", "application/x-ndjson")
            .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(
                (String.join("\n", rows) + "\n").getBytes(StandardCharsets.UTF_8))))
            .build());
  }

  /** The same batch on a server that was started again. */
  public LineClient on(Wire restarted) {
    return new LineClient(restarted, batch);
  }

  /** What came back until the last line or a cut; each line is told as it comes. */
  public List<JsonNode> issue(List<String> rows, Consumer<JsonNode> told) {
    List<JsonNode> lines = new ArrayList<>();
    try (HttpClient client = wire.client(null)) {
      HttpResponse<InputStream> response = client.send(
          wire.person("/api/v1/batches/" + batch + "/issue")
              .timeout(Duration.ofMinutes(5))
              .header("Content-Type", "application/x-ndjson")
              .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(
                  (String.join("\n", rows) + "\n").getBytes(StandardCharsets.UTF_8))))
              .build(),
          HttpResponse.BodyHandlers.ofInputStream());
      try (BufferedReader reader =
          new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
          JsonNode read = JSON.readTree(line);
          lines.add(read);
          told.accept(read);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException cut) {
      // What came before it counts.
    }
    return lines;
  }

  public static List<JsonNode> lines(byte[] body) {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : new String(body, StandardCharsets.UTF_8).split("\n")) {
      try {
        lines.add(JSON.readTree(line));
      } catch (IOException e) {
        throw new AssertionError("not JSON: " + line, e);
      }
    }
    return lines;
  }

  /** What became of rows, by their keys. */
  public record Answers(Map<String, JsonNode> rows) {
    public Answers {
      rows = Map.copyOf(rows);
    }

    /** The answer to a row that must have one. */
    public JsonNode get(String row) {
      return Objects.requireNonNull(rows.get(row), () -> "no answer to " + row);
    }
  }

  /** The answers to rows, by their keys. */
  public static Answers byRow(List<JsonNode> lines) {
    Map<String, JsonNode> rows = new TreeMap<>();
    for (JsonNode line : lines) {
      if (line.has("row") && rows.put(line.get("row").asText(), line) != null) {
        throw new AssertionError("answered twice: " + line);
      }
    }
    return new Answers(rows);
  }
}
