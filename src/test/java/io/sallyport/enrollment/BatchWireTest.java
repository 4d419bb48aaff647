package io.sallyport.enrollment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.Digest;
import io.sallyport.testing.LineClient;
import io.sallyport.testing.Peers;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Manufacturer;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Batches over the wire: streams of requests in, certificates out. */
@QuarkusTest
class BatchWireTest extends ServerTest {
  private static final Manufacturer MAKER = TestPki.manufacturer("BatchWire");
  private static final String PROFILE = "batch-wire";

  @TempDir
  Path folder;

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

  private static String problem(JsonNode line) {
    return line.path("problem").asText();
  }

  @Test
  void everyRowGetsItsCertificateAndARetryTheSameOne() throws Exception {
    LineClient line = order("W-all", 600);
    KeyPair first = TestPki.key();
    List<String> rows = new ArrayList<>();
    rows.add(LineClient.row("W-0", first));
    for (int i = 1; i < 600; i++) {
      rows.add(LineClient.row("W-" + i, TestPki.key()));
    }

    List<JsonNode> lines = line.issue(rows);

    LineClient.Answers answers = LineClient.byRow(lines);
    assertEquals(600, answers.rows().size());
    Set<String> certificates = new HashSet<>();
    answers.rows().values().forEach(answer -> {
      assertEquals("issued", answer.path("status").asText(), answer.toString());
      assertFalse(answer.get("again").asBoolean());
      certificates.add(answer.get("certificate").asText());
    });
    assertEquals(600, certificates.size());
    assertEquals(600, lines.getLast().at("/done/issued").asInt());
    X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
        .generateCertificate(new ByteArrayInputStream(
            Base64.getDecoder().decode(answers.get("W-0").get("certificate").asText())));
    assertArrayEquals(first.getPublic().getEncoded(), certificate.getPublicKey().getEncoded());
    assertEquals(600, line.shown().get("issued").asInt());
    assertEquals(600, line.shown().get("registered").asInt());
    assertEquals(
        "active",
        wire.admin("GET", "/api/v1/devices/" + answers.get("W-0").get("device").asText(), null)
            .get("state")
            .asText());

    List<JsonNode> again = line.issue(rows.reversed());

    LineClient.Answers repeated = LineClient.byRow(again);
    answers
        .rows()
        .forEach((row, answer) -> assertEquals(
            answer.get("certificate").asText(),
            repeated.get(row).path("certificate").asText(),
            repeated.get(row).toString()));
    assertEquals(600, again.getLast().at("/done/again").asInt());
    assertEquals(600, line.shown().get("issued").asInt());
  }

  @Test
  void noMoreThanOrderedAreMadeHoweverManyAskAtOnce() throws Exception {
    LineClient line = order("W-quota", 50);
    List<JsonNode> answers = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<List<JsonNode>>> streams = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        List<String> rows = new ArrayList<>();
        for (int n = 0; n < 20; n++) {
          rows.add(LineClient.row("Q-" + i + "-" + n, TestPki.key()));
        }
        streams.add(threads.submit(() -> line.issue(rows)));
      }
      for (Future<List<JsonNode>> stream : streams) {
        answers.addAll(stream.get());
      }
    }
    LineClient.Answers rows = LineClient.byRow(answers);
    assertEquals(80, rows.rows().size());
    assertEquals(
        50, rows.rows().values().stream().filter(row -> row.has("certificate")).count());
    assertEquals(
        30,
        rows.rows().values().stream()
            .filter(row -> problem(row).equals("quota"))
            .count());
    assertEquals(50, line.shown().get("registered").asInt());
  }

  @Test
  void ofTwoStreamsWithOneSerialNumberOneGetsIt() throws Exception {
    LineClient line = order("W-same", 500);
    for (int round = 0; round < 10; round++) {
      List<String> one = new ArrayList<>();
      List<String> other = new ArrayList<>();
      for (int n = 0; n < 5; n++) {
        one.add(LineClient.row("S-" + round + "-" + n, TestPki.key()));
        other.add(LineClient.row("S-" + round + "-" + n, TestPki.key()));
      }
      List<JsonNode> answers = new ArrayList<>();
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        Future<List<JsonNode>> first = threads.submit(() -> line.issue(one));
        Future<List<JsonNode>> second = threads.submit(() -> line.issue(other));
        answers.addAll(first.get());
        answers.addAll(second.get());
      }
      List<String> issued = answers.stream()
          .filter(answer -> answer.has("certificate"))
          .map(answer -> answer.get("row").asText())
          .sorted()
          .toList();
      int number = round;
      assertEquals(
          Stream.of(0, 1, 2, 3, 4).map(n -> "S-" + number + "-" + n).toList(),
          issued,
          answers.toString());
    }
  }

  @Test
  void whatCannotBeIssuedIsRefusedAloneAndTheStreamGoesOn() {
    LineClient line = order("W-bad", 100);
    KeyPair keys = TestPki.key();
    String good = LineClient.row("B-1", keys);
    List<JsonNode> lines = line.issue(List.of(
        "not json",
        "[1]",
        "{\"serial_number\":\"B-2\"}",
        "{\"serial_number\":\"B-3\",\"csr\":\"!!\"}",
        "{\"serial_number\":\"B-4\",\"csr\":\"AAAA\"}",
        "{\"serial_number\":\"B-5\",\"csr\":\"AAAA\",\"more\":1}",
        "{\"serial_number\":\"B-6\",\"serial_number\":\"B-7\",\"csr\":\"AAAA\"}",
        "{\"serial_number\":\"" + "x".repeat(70_000) + "\"}",
        LineClient.row("not a serial number*", TestPki.key()),
        "",
        good,
        LineClient.row("B-8", keys)));

    assertEquals(10, lines.stream().filter(one -> problem(one).length() > 0).count());
    LineClient.Answers rows = LineClient.byRow(lines);
    long issued =
        Stream.of("B-1", "B-8").filter(row -> rows.get(row).has("certificate")).count();
    assertEquals(1, issued, "one key, one hardware unit");
    assertTrue(
        Stream.of("B-1", "B-8").anyMatch(row -> problem(rows.get(row)).equals("duplicate-key")));
    assertEquals("bad-certificate-request", problem(rows.get("B-4")));
    assertEquals(10, lines.getLast().at("/done/refused").asInt(), lines.toString());
    assertEquals(10, line.shown().get("refused").asInt());
  }

  @Test
  void aRowOnAnotherKeyOrOfARevokedCertificateGetsNoSecondOne() {
    LineClient line = order("W-second", 10);
    String row = LineClient.row("K-1", TestPki.key());
    JsonNode issued = LineClient.byRow(line.issue(List.of(row))).get("K-1");

    assertEquals(
        "row-issued",
        problem(LineClient.byRow(line.issue(List.of(LineClient.row("K-1", TestPki.key()))))
            .get("K-1")));
    wire.admin(
        "POST",
        "/api/v1/devices/" + issued.get("device").asText() + "/suspend",
        Map.of("reason", "lost"));
    wire.admin(
        "POST",
        "/api/v1/devices/" + issued.get("device").asText() + "/decommission",
        Map.of("reason", "scrapped"));
    assertEquals(
        "row-issued", problem(LineClient.byRow(line.issue(List.of(row))).get("K-1")));
  }

  @Test
  void whoMayNotIsRefusedBeforeAnythingIsRead() throws Exception {
    LineClient line = order("W-forbidden", 10);
    String path = "/api/v1/batches/" + line.batch() + "/issue";
    assertEquals(
        401,
        wire.send(
                null,
                HttpRequest.newBuilder(URI.create(wire.people() + path))
                    .POST(HttpRequest.BodyPublishers.ofString("{}"))
                    .build())
            .statusCode());
    assertEquals(
        404,
        wire.send(
                null,
                wire.person("/api/v1/batches/00000000-0000-0000-0000-000000000001/issue")
                    .POST(HttpRequest.BodyPublishers.ofString("{}"))
                    .build())
            .statusCode());
  }

  @Test
  void aClosedBatchHasAManifestThatOpenSslTakes() throws Exception {
    Peers.need("openssl");
    LineClient line = order("W-manifest", 5);
    List<String> rows =
        List.of(LineClient.row("M-1", TestPki.key()), LineClient.row("M-2", TestPki.key()));
    LineClient.Answers issued = LineClient.byRow(line.issue(rows));
    String path = "/api/v1/batches/" + line.batch();
    assertEquals(409, wire.send(null, wire.person(path + "/manifest").build()).statusCode());

    JsonNode closed = wire.admin("POST", path + "/close", null);

    assertEquals("closed", closed.get("state").asText());
    byte[] manifest = wire.send(null, wire.person(path + "/manifest").build()).body();
    assertEquals(Digest.of(manifest).hex(), closed.get("manifest_sha256").asText());
    List<JsonNode> lines = LineClient.lines(manifest);
    assertEquals(3, lines.size());
    assertEquals(2, lines.getFirst().at("/batch/issued").asInt());
    assertEquals(
        Digest.of(
                Base64.getDecoder().decode(issued.get("M-1").get("certificate").asText()))
            .hex(),
        lines.get(1).get("certificate_sha256").asText());
    assertEquals("M-2", lines.get(2).get("serial_number").asText());
    Path content = Files.write(folder.resolve("manifest"), manifest);
    Path signature = Files.write(
        folder.resolve("manifest.p7s"),
        wire.send(null, wire.person(path + "/manifest.p7s").build()).body());
    Path root = folder.resolve("root.pem");
    Files.writeString(root, TestPki.pem(wire.root()));
    Peers.run(
            folder,
            "openssl",
            "cms",
            "-verify",
            "-binary",
            "-inform",
            "DER",
            "-in",
            signature.toString(),
            "-content",
            content.toString(),
            "-CAfile",
            root.toString(),
            "-out",
            "/dev/null")
        .orFail();
    assertEquals(409, line.send(rows).statusCode(), "it takes nothing more");
    assertEquals(
        closed.get("manifest_sha256"),
        wire.admin("POST", path + "/close", null).get("manifest_sha256"));
  }
}
