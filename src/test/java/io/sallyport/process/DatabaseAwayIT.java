package io.sallyport.process;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.testing.Eventually;
import io.sallyport.testing.PublicLog;
import io.sallyport.testing.ServerProcess;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestPki.Manufacturer;
import io.sallyport.testing.Wire;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.KeyPair;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Laws 5 and 6 while the database is away. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DatabaseAwayIT {
  private static final Duration CONFIRM_WITHIN = Duration.ofSeconds(2);
  /** Time for the answer that the database does not give, and for a busy machine. */
  private static final Duration FEW_SECONDS = Duration.ofSeconds(15);

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Flow VIDEO = new Flow("vms.plant.example", "tcp", 8554);
  private static final Flow CLOCK = new Flow("ntp.plant.example", "udp", 123);

  @TempDir
  static Path folder;

  private final Manufacturer maker = TestPki.manufacturer("Away");
  private ServerProcess server;
  private Wire wire;
  private Identity firewall;
  private String camera;

  private record Flow(String peer, String protocol, int port) {}

  @BeforeAll
  void start() throws Exception {
    server = ServerProcess.start(
        folder.resolve("data"),
        Map.of("SALLYPORT_DECISION_CONFIRM_WITHIN", CONFIRM_WITHIN.toString()));
    wire = server.wire();
    wire.register(maker);
    wire.document("/api/v1/profiles/away", """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: away}
        """);
    wire.document("/api/v1/policies/away", """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: away}
        spec:
          selector: {profile: away}
          allow:
            - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
            - {peer: ntp.plant.example, protocol: udp, ports: [123], essential: {owner: ops@plant, longest: PT4H}}
          grant: {ttl: PT10M}
        """);
    camera = wire.register(maker, "A-1", "away");
    wire.enroll(maker.idevid("A-1"), TestPki.key(), "A-1");
    firewall = enforcementPoint("firewall-away");
  }

  @AfterAll
  void stop() {
    server.close();
  }

  @Test
  void aDatabaseThatStopsAnsweringGivesTryAgainAndDeniesUntilItIsBack() {
    wire.register(maker, "A-2", "away");
    Identity idevid = maker.idevid("A-2");
    KeyPair keys = TestPki.key();
    assertPermitted(VIDEO);
    assertPermitted(CLOCK);
    String checkpoint = wire.latestCheckpoint();
    int issued = certificates();

    server.freezeDatabase();
    try {
      assertAll(
          () -> assertTryAgain("EST", () -> enroll(idevid, keys, "A-2")),
          () -> assertTryAgain(
              "API", () -> wire.send(null, wire.person("/api/v1/devices").build())),
          () -> assertTryAgain("change", () -> quarantine()),
          this::assertStale);
    } finally {
      server.thawDatabase();
    }

    assertWorksAgain(issued, idevid, keys, "A-2", checkpoint);
  }

  @Test
  void aDatabaseThatDiesGivesTryAgainAndDeniesUntilTheServerIsStartedAgain() {
    wire.register(maker, "A-3", "away");
    Identity idevid = maker.idevid("A-3");
    KeyPair keys = TestPki.key();
    assertPermitted(VIDEO);
    assertPermitted(CLOCK);
    String checkpoint = wire.latestCheckpoint();
    int issued = certificates();

    server.killDatabase();
    assertAll(
        () -> assertTryAgain("EST", () -> enroll(idevid, keys, "A-3")),
        () -> assertTryAgain(
            "API", () -> wire.send(null, wire.person("/api/v1/devices").build())),
        () -> assertTryAgain("change", () -> quarantine()),
        this::assertStale);
    int code = server.stop(Duration.ofSeconds(20));
    server = server.restart();
    wire = server.wire();

    System.out.printf("A server whose database had died ended with %d.%n", code);
    assertWorksAgain(issued, idevid, keys, "A-3", checkpoint);
  }

  @Test
  void whatIsDecidedWithoutADatabaseIsLoggedThoughTheServerIsKilledAndItsFileTorn()
      throws IOException {
    assertPermitted(VIDEO);
    server.killDatabase();
    assertStale();
    String decided = ask(VIDEO).getJsonObject("context").getString("id");
    Path spill = server.data().resolve("decisions");
    Eventually.holds(
        PATIENCE, "the decision is spilled", () -> holder(spill, decided).isPresent());
    server.killServer();
    Files.write(
        holder(spill, decided).orElseThrow(),
        new byte[] {0, 0, 1, 0, 7},
        StandardOpenOption.APPEND);
    server = server.restart();
    wire = server.wire();

    String path = "/api/v1/decisions/" + decided;
    Eventually.holds(
        PATIENCE,
        "the decision is logged",
        () -> wire.send(null, wire.person(path).build()).statusCode() == 200);
    JsonNode logged = wire.admin("GET", path, null).get("decision");
    assertEquals("indeterminate", logged.get("outcome").asText());
    assertEquals(camera, logged.get("device").asText());
    assertTrue(logged.at("/reasons/0").asText().startsWith("stale"), logged::toString);
    Eventually.holds(PATIENCE, "the file is gone", () -> holder(spill, decided).isEmpty());
    Eventually.holds(PATIENCE, "decisions are made again", () -> ask(VIDEO).getBoolean("decision"));
  }

  /** The file in which this text stands. */
  private static Optional<Path> holder(Path folder, String text) {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(one -> one.toString().endsWith(".spill")).toList()) {
        if (Files.readString(file, StandardCharsets.ISO_8859_1).contains(text)) {
          return Optional.of(file);
        }
      }
      return Optional.empty();
    } catch (NoSuchFileException gone) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void assertStale() {
    Eventually.holds(FEW_SECONDS, "video is denied, because this node is stale", () -> {
      JsonObject answer = ask(VIDEO);
      return !answer.getBoolean("decision") && reason(answer).startsWith("stale");
    });
    JsonObject essential = ask(CLOCK);
    assertTrue(
        essential.getBoolean("decision"), "an essential flow keeps its permit: " + essential);
    assertTrue(
        reason(essential).startsWith("stale, but the flow is essential (owner ops@plant)"),
        reason(essential));
  }

  private void assertWorksAgain(
      int issued, Identity idevid, KeyPair keys, String number, String checkpoint) {
    Eventually.holds(PATIENCE, "decisions are made again", () -> ask(VIDEO).getBoolean("decision"));
    assertEquals(issued, certificates(), "nothing was issued meanwhile");
    Identity enrolled = wire.enroll(idevid, keys, number);
    assertEquals(issued + 1, certificates());
    assertEquals(enrolled.certificate(), wire.enroll(idevid, keys, number).certificate());
    assertEquals(
        "active",
        wire.admin("GET", "/api/v1/devices/" + camera, null).get("state").asText());
    assertNull(PublicLog.verify(wire, checkpoint).finding());
  }

  private void assertPermitted(Flow flow) {
    Eventually.holds(PATIENCE, flow + " is permitted", () -> ask(flow).getBoolean("decision"));
  }

  private static void assertTryAgain(String what, Supplier<HttpResponse<byte[]>> request) {
    long begin = System.nanoTime();
    HttpResponse<byte[]> response = request.get();
    Duration took = Duration.ofNanos(System.nanoTime() - begin);
    String body = new String(response.body(), StandardCharsets.UTF_8);
    System.out.printf(
        "%s: %d after %.1f s%n", what, response.statusCode(), took.toMillis() / 1000.0);
    assertEquals(503, response.statusCode(), body);
    assertTrue(response.headers().firstValue("Retry-After").isPresent(), "Retry-After");
    assertFalse(body.contains("Exception") || body.contains("SQL"), body);
    assertTrue(took.compareTo(FEW_SECONDS) < 0, "took " + took);
  }

  private HttpResponse<byte[]> enroll(Identity idevid, KeyPair keys, String number) {
    return wire.est("simpleenroll", idevid, null, TestPki.request(keys, "CN=" + number, null));
  }

  private HttpResponse<byte[]> quarantine() {
    return wire.send(
        null,
        wire.person("/api/v1/devices/" + camera + "/quarantine")
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString("{\"reason\":\"must not happen\"}"))
            .build());
  }

  private JsonObject ask(Flow flow) {
    JsonObject question = new JsonObject()
        .put("subject", new JsonObject().put("type", "device").put("id", camera))
        .put("action", new JsonObject().put("name", "connect"))
        .put(
            "resource",
            new JsonObject()
                .put("type", "service")
                .put("id", flow.peer())
                .put(
                    "properties",
                    new JsonObject().put("protocol", flow.protocol()).put("port", flow.port())));
    HttpResponse<byte[]> response = wire.send(
        firewall,
        wire.device("/access/v1/evaluation")
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(question.encode()))
            .build());
    String body = new String(response.body(), StandardCharsets.UTF_8);
    assertEquals(200, response.statusCode(), body);
    return new JsonObject(body);
  }

  private static String reason(JsonObject answer) {
    return answer.getJsonObject("context").getJsonArray("reasons").getString(0);
  }

  /** How many certificates the devices of this test have. */
  private int certificates() {
    int count = 0;
    for (JsonNode certificate :
        wire.admin("GET", "/api/v1/certificates?limit=1000", null).get("items")) {
      count += certificate.get("subject_type").asText().equals("device") ? 1 : 0;
    }
    return count;
  }

  private Identity enforcementPoint(String name) throws Exception {
    KeyPair keys = TestPki.key();
    JsonNode point = wire.admin(
        "POST",
        "/api/v1/enforcement-points",
        Map.of(
            "name",
            name,
            "kind",
            "authzen",
            "csr",
            TestPki.pem("CERTIFICATE REQUEST", TestPki.request(keys, "CN=" + name, null))));
    X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
        .generateCertificate(new ByteArrayInputStream(
            point.get("certificate").asText().getBytes(StandardCharsets.US_ASCII)));
    return new Identity(keys, List.of(certificate));
  }
}
