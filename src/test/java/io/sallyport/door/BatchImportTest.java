package io.sallyport.door;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.Digest;
import io.sallyport.testing.LineClient;
import io.sallyport.testing.Patience;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import jakarta.inject.Inject;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of devices for a batch: whole, half, wrong, doubled and large. */
@QuarkusTest
class BatchImportTest extends ServerTest {
  private static final Manufacturer MAKER = TestPki.manufacturer("BatchImport");
  private static final String PROFILE = "batch-import";
  private static final String CSV = "text/csv";

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

  private LineClient order(String name, int ordered) {
    return LineClient.order(wire, name, MAKER.name(), PROFILE, ordered);
  }

  private HttpResponse<byte[]> send(LineClient batch, String type, String file) {
    return send(batch, "", type, file.getBytes(StandardCharsets.UTF_8));
  }

  private HttpResponse<byte[]> send(LineClient batch, String query, String type, byte[] file) {
    return wire.send(
        null,
        wire.person("/api/v1/batches/" + batch.batch() + "/import" + query)
            .header("Content-Type", type)
            .POST(HttpRequest.BodyPublishers.ofByteArray(file))
            .build());
  }

  private static String text(HttpResponse<byte[]> response) {
    return new String(response.body(), StandardCharsets.UTF_8);
  }

  private List<JsonNode> report(LineClient batch, String type, String file) {
    HttpResponse<byte[]> response = send(batch, type, file);
    assertEquals(200, response.statusCode(), new String(response.body(), StandardCharsets.UTF_8));
    return LineClient.lines(response.body());
  }

  private static String serials(String prefix, int count) {
    return IntStream.range(0, count).mapToObj(i -> prefix + i + "\n").collect(Collectors.joining());
  }

  @Test
  void everyRowOfACsvFileIsRegisteredOnceAndToldSo() throws Exception {
    LineClient batch = order("I-csv", 12_000);
    String file = "\uFEFFserial_number,row,label:color\r\n"
        + "I-1,first,\"re\"\"d\"\r\nI-2,,blue\r\n"
        + IntStream.range(0, 11_000)
            .mapToObj(i -> "I-x" + i + ",,\r\n")
            .collect(Collectors.joining());

    List<JsonNode> report = report(batch, CSV, file.replace("\"re\"\"d\"", "\"red\""));

    assertEquals(11_003, report.size());
    assertEquals("first", report.getFirst().get("row").asText());
    assertEquals(11_002, report.getLast().at("/done/registered").asInt());
    assertEquals(11_002, batch.shown().get("registered").asInt());
    JsonNode row = wire.admin("GET", "/api/v1/batches/" + batch.batch() + "/rows?limit=1000", null)
        .get("items")
        .get(0);
    assertEquals("I-2", row.get("row").asText());
    JsonNode device = wire.admin("GET", "/api/v1/devices/" + row.get("device").asText(), null);
    assertEquals("expected", device.get("state").asText());
    assertEquals("blue", device.at("/labels/color").asText());

    assertEquals(
        11_002,
        report(batch, CSV, file.replace("\"re\"\"d\"", "\"red\""))
            .getLast()
            .at("/done/exists")
            .asInt());
    LineClient.Answers issued =
        LineClient.byRow(batch.issue(List.of(LineClient.row("I-2", TestPki.key()))));
    assertEquals(row.get("device"), Objects.requireNonNull(issued.get("I-2")).get("device"));
  }

  /** Law 8: what was registered is in the fact, to the octet. */
  @Test
  void theFactOfAnImportHasTheDigestOfItsRows() throws Exception {
    LineClient batch = order("I-fact", 10);
    report(batch, CSV, "serial_number,row\nF-2,b\nF-1,a\n");
    StringBuilder lines = new StringBuilder();
    try (Connection connection = database.getConnection();
        PreparedStatement rows = connection.prepareStatement("""
            select r.row_key || E'\\t' || h.serial_number || E'\\t' || d.id || E'\\n'
            from batch_row r join device d on d.id = r.device join hardware_unit h on h.id = d.hardware_unit
            where r.batch = ?::uuid order by h.serial_number""")) {
      rows.setString(1, batch.batch());
      try (ResultSet row = rows.executeQuery()) {
        while (row.next()) {
          lines.append(row.getString(1));
        }
      }
    }
    JsonNode fact = Patience.until(
        "the fact of the import",
        () -> wire.admin("GET", "/api/v1/audit/facts?subject=" + batch.batch(), null)
            .get("items")
            .valueStream()
            .filter(one -> one.get("kind").asText().equals("devices.imported"))
            .findFirst());

    assertEquals(2, fact.at("/detail/count").asInt());
    assertEquals(
        Digest.of(lines.toString().getBytes(StandardCharsets.UTF_8)).hex(),
        fact.at("/detail/sha256").asText());
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = """
          cut in a field          | text/csv             | serial_number,row~H-1,a~H-2              | has no end
          cut in a record         | text/csv             | serial_number,row~H-1,a~H-2~             | 1 fields, and the header has 2
          an open quotation mark  | text/csv             | serial_number,row~H-1,"a~H-2,b~          | quotation mark
          one in a field          | text/csv             | serial_number~H"1~                       | quotation mark
          a column too many       | text/csv             | serial_number~H-1,x~                     | 2 fields
          an unknown column       | text/csv             | serial_number,colour~H-1,x~              | not known
          no serial number        | text/csv             | row~H-1~                                 | serial_number
          only a header           | text/csv             | serial_number~                           | no rows
          half an object          | application/x-ndjson | {"serial_number":"H-1"}~{"serial_n~      | Line 2 cannot be read
          an object without end   | application/x-ndjson | {"serial_number":"H-1"}                  | has no end
          """)
  void aFileThatIsNotWholeChangesNothing(String what, String type, String file, String complaint) {
    LineClient batch = order("I-half-" + what, 10);

    HttpResponse<byte[]> response = send(batch, type, file.replace('~', '\n'));

    String body = new String(response.body(), StandardCharsets.UTF_8);
    assertEquals(422, response.statusCode(), body);
    assertTrue(body.contains(complaint), body);
    assertEquals(0, batch.shown().get("registered").asInt());
  }

  @Test
  void whatIsWrongWithOneRowIsToldAndTheOthersAreRegistered() {
    LineClient batch = order("I-some", 4);
    report(order("I-before", 5), CSV, "serial_number\nS-taken\n");

    List<JsonNode> report = report(batch, "application/x-ndjson; charset=utf-8", """
            {"serial_number":"S-1"}
            {"serial_number":"S-1"}
            {"serial_number":"not*one"}
            {"serial_number":"S-taken"}
            {"serial_number":"S-2","row":"two","labels":{"a":"b"}}
            {"serial_number":"S-3"}
            {"serial_number":"S-4"}
            {"serial_number":"S-5"}
            """);

    Map<Integer, String> told = report.stream()
        .filter(line -> line.has("line"))
        .collect(Collectors.toMap(
            line -> line.get("line").asInt(),
            line -> line.get("status").asText() + " " + line.path("problem").asText()));
    assertEquals("registered ", told.get(1));
    assertEquals("refused claimed-by-another", told.get(2));
    assertEquals("refused invalid-device", told.get(3));
    assertEquals("refused claimed-by-another", told.get(4));
    assertEquals("registered ", told.get(5));
    assertEquals("refused quota", told.get(8));
    assertEquals(
        batch.shown().get("registered").asInt(),
        report.getLast().at("/done/registered").asInt());
  }

  @Test
  void aSerialNumberThatComesAgainAfterManyRowsIsFound() {
    LineClient batch = order("I-double", 20_001);

    List<JsonNode> report =
        report(batch, CSV, "serial_number\n" + serials("D-", 20_000) + "D-17\n");

    JsonNode refused = report.stream()
        .filter(line -> line.path("status").asText().equals("refused"))
        .findFirst()
        .orElseThrow();
    assertEquals(20_002, refused.get("line").asInt());
    assertTrue(refused.get("detail").asText().contains("line 19"), refused.toString());
    assertEquals(20_000, batch.shown().get("registered").asInt());
  }

  /** A file that was cut behind a record looks whole; wherever else it was cut, nothing of it counts. */
  @Test
  void aFileThatWasCutAnywhereChangesNothing() {
    LineClient batch = order("I-cut", 10);
    String whole = "\uFEFFrow,serial_number,label:note\r\n"
        + "a,C-1,\"one, \"\"two\"\"\"\r\n"
        + "b,C-2,\r\n"
        + "\"c\",\"C-3\",\"\"\r\n";
    byte[] octets = whole.getBytes(StandardCharsets.UTF_8);
    int header = whole.indexOf('\n') + 1 + 2;
    int taken = 0;
    for (int length = 1; length <= octets.length; length++) {
      byte[] cut = Arrays.copyOf(octets, length);

      HttpResponse<byte[]> response = send(batch, "?check", CSV, cut);

      boolean looksWhole = cut[length - 1] == '\n' && length > header;
      taken += looksWhole ? 1 : 0;
      assertEquals(looksWhole ? 200 : 422, response.statusCode(), length + ": " + text(response));
    }
    assertEquals(3, taken);
    assertEquals(0, batch.shown().get("registered").asInt());
  }

  @ParameterizedTest
  @ValueSource(strings = {"UTF-16LE", "UTF-16BE", "UTF-16", "ISO-8859-1", "UTF-32LE"})
  void aFileInAnotherEncodingIsToldSo(String charset) throws Exception {
    LineClient batch = order("I-in " + charset, 10);
    for (String file : List.of(
        "serial_number,label:site\nE-1,K\u00f6ln\n",
        "{\"serial_number\":\"E-1\",\"labels\":{\"site\":\"K\u00f6ln\"}}\n{\"serial_number\":\"E-2\"}\n")) {
      String type = file.startsWith("{") ? "application/x-ndjson" : CSV;

      HttpResponse<byte[]> response = send(batch, "", type, file.getBytes(charset));

      assertEquals(422, response.statusCode(), text(response));
      assertTrue(text(response).contains("is not UTF-8"), text(response));
    }
    assertEquals(0, batch.shown().get("registered").asInt());
  }

  @Test
  void aLineOfAMebibyteIsRefusedWithItsNumber() {
    LineClient batch = order("I-long", 10);
    for (String file : List.of(
        "serial_number\nL-1\n" + "x".repeat(1 << 20) + "\nL-3\n",
        "serial_number\nL-1\n" + "x".repeat(1 << 20))) {
      HttpResponse<byte[]> response = send(batch, CSV, file);

      assertEquals(422, response.statusCode());
      assertTrue(text(response).contains("Line 3 has more than 64 KiB"), text(response));
    }
    assertEquals(0, batch.shown().get("registered").asInt());
  }

  @Test
  void aCheckTellsEveryRowWhatWouldBecomeOfItAndChangesNothing() {
    LineClient batch = order("I-check", 4);
    report(order("I-check-before", 5), CSV, "serial_number\nK-taken\n");
    report(batch, CSV, "serial_number\nK-there\n");
    String file =
        "serial_number,row\nK-there,\nK-1,\nK-1,other\nK-taken,\nK-2,K-there\nK-3,k\nK-4,k\nnot*one,\n"
            + "K-5,\nK-6,\n";

    HttpResponse<byte[]> checked =
        send(batch, "?check=true", CSV, file.getBytes(StandardCharsets.UTF_8));

    assertEquals(200, checked.statusCode(), text(checked));
    Map<Integer, String> told = told(LineClient.lines(checked.body()));
    assertEquals(
        Map.of(
            2, "exists ",
            3, "new ",
            4, "refused claimed-by-another",
            5, "refused claimed-by-another",
            6, "refused claimed-by-another",
            7, "new ",
            8, "refused claimed-by-another",
            9, "refused invalid-device",
            10, "new ",
            11, "refused quota"),
        told);
    JsonNode shown = batch.shown();
    assertEquals(1, shown.get("registered").asInt());
    assertEquals(0, shown.get("refused").asInt());

    Map<Integer, String> done = told(report(batch, CSV, file));

    told.replaceAll((line, status) -> status.replace("new", "registered"));
    assertEquals(told, done, "what was foretold");
    assertEquals(400, send(batch, "?check=maybe", CSV, new byte[0]).statusCode());
  }

  private static Map<Integer, String> told(List<JsonNode> report) {
    return report.stream()
        .filter(line -> line.has("line"))
        .collect(Collectors.toMap(
            line -> line.get("line").asInt(),
            line -> line.get("status").asText() + " " + line.path("problem").asText()));
  }

  /** Against the inventory, as an import would; nothing of it stays in memory here either. */
  @Test
  void ofAMillionRowsTheOneThatComesTwiceIsFound() throws Exception {
    LineClient batch = order("I-million", 1_000_000);
    int doubled = 900_000;
    try (HttpClient client = wire.client(null)) {
      HttpResponse<Stream<String>> response = client.send(
          wire.person("/api/v1/batches/" + batch.batch() + "/import?check")
              .timeout(Duration.ofMinutes(5))
              .header("Content-Type", CSV)
              .POST(HttpRequest.BodyPublishers.ofByteArrays(() -> IntStream.range(0, 1_000)
                  .mapToObj(part -> part(part * 1_000, doubled))
                  .iterator()))
              .build(),
          HttpResponse.BodyHandlers.ofLines());
      List<String> others;
      try (Stream<String> lines = response.body()) {
        others = lines.filter(line -> !line.contains("\"new\"}")).toList();
      }
      assertEquals(2, others.size(), others.toString());
      assertTrue(others.getFirst().contains("\"line\":900002,"), others.getFirst());
      assertTrue(others.getFirst().contains("as in line 79."), others.getFirst());
      assertEquals("{\"done\":{\"new\":999999,\"exists\":0,\"refused\":1}}", others.getLast());
    }
  }

  private static byte[] part(int from, int doubled) {
    StringBuilder rows = new StringBuilder(from == 0 ? "serial_number\n" : "");
    for (int i = from; i < from + 1_000; i++) {
      rows.append("MIL-").append(i == doubled ? 77 : i).append('\n');
    }
    return rows.toString().getBytes(StandardCharsets.UTF_8);
  }
}
