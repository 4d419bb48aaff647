package io.sallyport.door.line;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.LineClient;
import io.sallyport.testing.LineStation;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Laws 2 and 3 for a station whose connection is cut anywhere, and for two that claim the same device. */
@QuarkusTest
class StreamCutTest extends ServerTest {
  private static final Manufacturer MAKER = TestPki.manufacturer("StreamCut");
  private static final String PROFILE = "stream-cut";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Streams of three rows that are resumed by one. */
  private static final int TOGETHER = 40;
  /** Of the answers, which are longer: coprime to everything in them. */
  private static final int STEP = 83;

  @Inject
  DataSource database;

  private boolean registered;

  @BeforeEach
  void register() {
    if (!registered) {
      registered = true;
      wire.register(MAKER);
      wire.document("/api/v1/profiles/" + PROFILE, """
          apiVersion: sallyport.io/v1
          kind: DeviceProfile
          metadata: {name: %s}
          """.formatted(PROFILE));
    }
  }

  private String batch(String name, String line) {
    return LineStation.order(wire, name, MAKER.name(), PROFILE, line, 100_000);
  }

  private static List<String> three(String name) {
    return Stream.of("a", "b", "c")
        .map(one -> LineClient.row(name + one, TestPki.key()))
        .toList();
  }

  @Test
  void aRequestThatIsCutAtAnyByteIsResumedToThreeCertificates() throws Exception {
    String batch = batch("X-sent", "cut 1");
    LineStation station = LineStation.register(wire, "cut-1", "cut 1", null);
    int length = station.request(batch, three("U-9999")).length;
    int streams = 0;
    List<String> left = new ArrayList<>();
    for (int octets = 0; octets <= length; octets++) {
      List<String> rows = three("U-" + (1000 + octets));
      byte[] request = station.request(batch, rows);

      station.cutAfterSending(request, Math.min(octets, request.length));

      streams++;
      left.addAll(rows);
      if (left.size() == 3 * TOGETHER || octets == length) {
        resume(station, batch, left, Map.of());
        left.clear();
      }
    }
    assertOnceEach(batch, 3 * streams);
  }

  @Test
  void anAnswerThatIsCutIsResumedToTheSameThreeCertificates() throws Exception {
    String batch = batch("X-read", "cut 2");
    LineStation station = LineStation.register(wire, "cut-2", "cut 2", null);
    byte[] whole = station.cutAfterReading(station.request(batch, three("D-0")), Integer.MAX_VALUE);
    int streams = 1;
    List<String> left = new ArrayList<>();
    Map<String, String> held = new HashMap<>();
    for (int octets = 0; octets < whole.length; octets += STEP) {
      List<String> rows = three("D-" + (1000 + octets));

      byte[] read = station.cutAfterReading(station.request(batch, rows), octets);

      streams++;
      held.putAll(certificates(new String(read, StandardCharsets.UTF_8)));
      left.addAll(rows);
      if (left.size() == 3 * TOGETHER || octets + STEP >= whole.length) {
        resume(station, batch, left, held);
        left.clear();
      }
    }
    assertTrue(held.size() > 5, held.size() + " were read whole");
    assertOnceEach(batch, 3 * streams);
  }

  /** Of lines that came whole. */
  private static Map<String, String> certificates(String read) throws IOException {
    Map<String, String> found = new TreeMap<>();
    int end = read.lastIndexOf('\n');
    for (String line : read.substring(0, Math.max(0, end)).split("\n")) {
      if (line.startsWith("{\"row\"")) {
        JsonNode answer = JSON.readTree(line);
        found.put(answer.get("row").asText(), answer.get("certificate").asText());
      }
    }
    return found;
  }

  private static void resume(
      LineStation station, String batch, List<String> rows, Map<String, String> held) {
    HttpResponse<byte[]> response = station.issue(batch, rows);
    assertEquals(200, response.statusCode());
    LineClient.Answers answers = LineClient.byRow(LineClient.lines(response.body()));
    assertEquals(rows.size(), answers.rows().size());
    answers.rows().forEach((row, answer) -> {
      assertTrue(answer.has("certificate"), answer.toString());
      assertEquals(
          held.getOrDefault(row, answer.get("certificate").asText()),
          answer.get("certificate").asText(),
          row);
    });
  }

  /** One certificate for each device of the batch, and nothing unfinished. */
  private void assertOnceEach(String batch, int rows) throws SQLException {
    JsonNode shown = wire.admin("GET", "/api/v1/batches/" + batch, null);
    assertEquals(rows, shown.get("registered").asInt());
    assertEquals(rows, shown.get("issued").asInt());
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement("""
            select count(*), count(distinct c.subject_id), count(distinct c.thumbprint),
              (select count(*) from issuance_block b where b.scope = ?::uuid)
            from batch_row r join credential c on c.subject_kind = 'DEVICE' and c.subject_id = r.device::text
            where r.batch = ?::uuid""")) {
      query.setString(1, batch);
      query.setString(2, batch);
      try (ResultSet row = query.executeQuery()) {
        row.next();
        assertEquals(
            List.of(rows, rows, rows, 0),
            List.of(row.getInt(1), row.getInt(2), row.getInt(3), row.getInt(4)));
      }
    }
  }

  @Test
  void ofTwoStationsThatClaimOneSerialNumberOneGetsItWhateverTheBatch() throws Exception {
    List<String> batches = List.of(batch("X-two", "cut 3"), batch("X-three", "cut 3"));
    LineStation one = LineStation.register(wire, "cut-3", "cut 3", null);
    LineStation other = LineStation.register(wire, "cut-4", "cut 3", null);
    for (int round = 0; round < 20; round++) {
      String serial = "S-" + round;
      String second = batches.get(round % 2);
      List<JsonNode> answers = new ArrayList<>();
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        List<Future<HttpResponse<byte[]>>> asked = List.of(
            threads.submit(() ->
                one.issue(batches.getFirst(), List.of(LineClient.row(serial, TestPki.key())))),
            threads.submit(
                () -> other.issue(second, List.of(LineClient.row(serial, TestPki.key())))));
        for (Future<HttpResponse<byte[]>> answer : asked) {
          answers.add(LineClient.byRow(LineClient.lines(answer.get().body())).get(serial));
        }
      }
      assertEquals(
          1, answers.stream().filter(answer -> answer.has("certificate")).count(), serial);
      JsonNode refused = answers.stream()
          .filter(answer -> !answer.has("certificate"))
          .findFirst()
          .orElseThrow();
      assertTrue(
          Set.of("row-issued", "claimed-by-another")
              .contains(refused.get("problem").asText()),
          refused.toString());
    }
  }
}
