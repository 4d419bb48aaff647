package io.sallyport.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sallyport.testing.LineClient;
import io.sallyport.testing.Patience;
import io.sallyport.testing.ServerProcess;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import io.sallyport.testing.Wire;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A power cut in the middle of an import: the same file completes it, and nothing is doubled. */
class ImportCrashIT {
  private static final int ROWS = 100_000;
  private static final String PROFILE = "import-crash";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String FILE = "serial_number,row\n"
      + IntStream.range(0, ROWS)
          .mapToObj(i -> "C-" + i + ",row " + i + "\n")
          .collect(Collectors.joining());

  @TempDir
  static Path folder;

  @Test
  void aServerThatIsKilledAmidAnImportCompletesItWithTheSameFile() throws Exception {
    try (ServerProcess first = ServerProcess.start(folder.resolve("data"), Map.of())) {
      Manufacturer maker = TestPki.manufacturer("ImportCrash");
      first.wire().register(maker);
      first.wire().document("/api/v1/profiles/" + PROFILE, """
          apiVersion: sallyport.io/v1
          kind: DeviceProfile
          metadata: {name: %s}
          """.formatted(PROFILE));
      LineClient batch = LineClient.order(first.wire(), "crash", maker.name(), PROFILE, ROWS);

      Map<String, String> before;
      try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
        Future<Map<String, String>> cut = thread.submit(() -> send(first.wire(), batch.batch()));
        killAmid(first);
        before = cut.get();
      }

      try (ServerProcess second = first.restart()) {
        Map<String, String> after = send(second.wire(), batch.batch());
        assertEquals(ROWS, after.size());
        before.forEach((row, status) -> {
          assertEquals("registered", status);
          assertEquals("exists", after.get(row), row);
        });
        assertTrue(after.containsValue("exists"), "what was there");
        assertTrue(after.containsValue("registered"), "the rest");
        assertEquals(ROWS, batch.on(second.wire()).shown().get("registered").asInt());
        assertEquals(ROWS, number(second, "select count(*) from batch_row"));
        assertEquals(ROWS, number(second, "select count(distinct hardware_unit) from device"));
        assertEquals(ROWS, number(second, "select count(*) from hardware_unit"));
      }
    }
  }

  /** Between two of its transactions, the next of which waits for a lock. */
  private static void killAmid(ServerProcess server) throws SQLException {
    try (Connection connection = server.database();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      Patience.untilTrue("some rows are registered", () -> {
        try (ResultSet row = statement.executeQuery("select registered from batch for update")) {
          row.next();
          if (row.getInt(1) == 0) {
            connection.rollback();
            return false;
          }
          assertTrue(row.getInt(1) < ROWS, "it is under way");
          return true;
        } catch (SQLException e) {
          throw new IllegalStateException(e);
        }
      });
      server.killDatabase();
      server.killServer();
    }
  }

  /** What became of rows, as far as it was told. */
  private static Map<String, String> send(Wire wire, String batch) {
    Map<String, String> told = new HashMap<>();
    try (HttpClient client = wire.client(null)) {
      HttpResponse<InputStream> response = client.send(
          wire.person("/api/v1/batches/" + batch + "/import")
              .timeout(Duration.ofMinutes(5))
              .header("Content-Type", "text/csv")
              .POST(HttpRequest.BodyPublishers.ofString(FILE))
              .build(),
          HttpResponse.BodyHandlers.ofInputStream());
      assertEquals(200, response.statusCode());
      try (BufferedReader lines =
          new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          JsonNode answer = JSON.readTree(line);
          if (answer.has("row")) {
            told.put(answer.get("row").asText(), answer.get("status").asText());
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException cut) {
      // What came before it counts.
    }
    return told;
  }

  private static int number(ServerProcess server, String sql) throws SQLException {
    try (Connection connection = server.database();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getInt(1);
    }
  }
}
