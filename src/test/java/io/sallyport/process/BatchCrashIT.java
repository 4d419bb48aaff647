package io.sallyport.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.testing.LineClient;
import io.sallyport.testing.ServerProcess;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import io.sallyport.testing.Wire;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Laws 1 and 2 through a power cut in the middle of a batch: nothing is lost and nothing doubled. */
class BatchCrashIT {
  private static final int ROWS = 20_000;
  private static final String PROFILE = "batch-crash";

  @TempDir
  static Path folder;

  @Test
  void aServerThatIsKilledAmidABatchHandsOutEveryCertificateOnce() throws Exception {
    try (ServerProcess first = ServerProcess.start(folder.resolve("data"), Map.of())) {
      Manufacturer maker = TestPki.manufacturer("BatchCrash");
      first.wire().register(maker);
      first.wire().document("/api/v1/profiles/" + PROFILE, """
          apiVersion: sallyport.io/v1
          kind: DeviceProfile
          metadata: {name: %s}
          """.formatted(PROFILE));
      LineClient line = LineClient.order(first.wire(), "crash", maker.name(), PROFILE, ROWS);
      List<String> rows = new ArrayList<>();
      for (int i = 0; i < ROWS; i++) {
        rows.add(LineClient.row("C-" + i, TestPki.key()));
      }
      AtomicInteger answered = new AtomicInteger();

      List<JsonNode> before = line.issue(rows, answer -> {
        if (answered.incrementAndGet() == ROWS / 3) {
          first.killDatabase();
          first.killServer();
        }
      });

      assertTrue(before.size() < ROWS, "it was cut");
      long began = System.nanoTime();
      try (ServerProcess second = first.restart()) {
        assertEverythingOnce(line, second, rows, before, began);
      }
    }
  }

  private static void assertEverythingOnce(
      LineClient line, ServerProcess second, List<String> rows, List<JsonNode> before, long began)
      throws SQLException {
    Wire wire = second.wire();
    List<JsonNode> after = line.on(wire).issue(rows, answer -> {});
    System.out.printf(
        "Killed with %d of %d certificates out; start and resume took %.1f s%n",
        before.size(), ROWS, (System.nanoTime() - began) / 1e9);

    Map<String, String> held = certificates(before);
    Map<String, String> resumed = certificates(after);
    assertEquals(ROWS, resumed.size(), () -> after.getLast().toString());
    assertEquals(ROWS, new HashSet<>(resumed.values()).size());
    held.forEach((row, certificate) -> assertEquals(certificate, resumed.get(row), row));
    assertEquals(ROWS, line.on(wire).shown().get("issued").asInt());
    assertEquals(ROWS, count(second, "state = 'ISSUED'"));
    assertEquals(
        0, number(second, "select count(*) from issuance_block"), "what was left behind is closed");
    assertEquals(
        count(second, "state = 'REVOKED'"),
        number(
            second,
            "select count(*) from revocation r join credential c on c.authority = r.authority"
                + " and serial_octets(c.serial) = r.serial where c.subject_kind = 'DEVICE'"));
  }

  private static Map<String, String> certificates(List<JsonNode> answers) {
    Map<String, String> certificates = new HashMap<>();
    answers.stream()
        .filter(answer -> answer.has("certificate"))
        .forEach(answer -> certificates.put(
            answer.get("row").asText(), answer.get("certificate").asText()));
    return certificates;
  }

  private static int count(ServerProcess server, String where) throws SQLException {
    return number(
        server, "select count(*) from credential where subject_kind = 'DEVICE' and " + where);
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
