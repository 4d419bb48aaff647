package io.sallyport.process;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.cli.LogVerdict;
import io.sallyport.testing.Eventually;
import io.sallyport.testing.PublicLog;
import io.sallyport.testing.ServerProcess;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestPki.Manufacturer;
import io.sallyport.testing.Wire;
import io.vertx.core.json.JsonObject;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Laws 1, 2, 5, 8 and 9 with two server processes on one database. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class TwoNodesIT {
  /** L of law 5, twice what it is when nobody sets it: a busy machine must not make a node stale. */
  private static final Duration BOUND = Duration.ofSeconds(10);

  private static final Duration HALF_A_SECOND = Duration.ofMillis(500);
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final String TOKEN = "two-nodes-administrator-token-0123456789";
  private static final int DEVICES = 60;
  /** Between two questions of the load, so that it leaves the processor to the servers. */
  private static final long PAUSE_NANOS = 2_000_000;

  @TempDir
  static Path folder;

  private final Manufacturer maker = TestPki.manufacturer("Two Nodes");
  private EmbeddedPostgres postgres;
  private ServerProcess a;
  private ServerProcess b;
  private Identity firewall;

  /** A device before its first contact. */
  private record Unit(String id, Identity idevid, KeyPair keys, byte[] request) {}

  @BeforeAll
  void startTogetherOnAnEmptyDatabase() throws Exception {
    postgres = EmbeddedPostgres.builder()
        .setOverrideWorkingDirectory(folder.toFile())
        .setServerConfig("fsync", "on")
        .setServerConfig("synchronous_commit", "on")
        .setServerConfig("full_page_writes", "on")
        .start();
    try (ExecutorService both = Executors.newFixedThreadPool(2)) {
      Future<ServerProcess> one = both.submit(() -> node("a"));
      Future<ServerProcess> other = both.submit(() -> node("b"));
      a = one.get();
      b = other.get();
    }
    a.wire().register(maker);
    a.wire().document("/api/v1/profiles/two", """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: two}
        """);
    a.wire().document("/api/v1/policies/two", """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: two}
        spec:
          selector: {profile: two}
          allow:
            - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
          grant: {ttl: PT10M}
        """);
    firewall = enforcementPoint("firewall-two");
  }

  private ServerProcess node(String name) {
    return ServerProcess.start(
        folder.resolve(name),
        Map.of(
            "SALLYPORT_DECISION_CONFIRM_WITHIN",
            BOUND.toString(),
            "SALLYPORT_DB_URL",
            postgres.getJdbcUrl("postgres", "postgres"),
            "SALLYPORT_DB_USER",
            "postgres",
            "SALLYPORT_DB_PASSWORD",
            "postgres",
            "SALLYPORT_ROOT",
            "here",
            "SALLYPORT_MASTER_KEY",
            Base64.getEncoder().encodeToString(new byte[32]),
            "SALLYPORT_ADMIN_TOKEN",
            TOKEN));
  }

  @AfterAll
  void stop() throws IOException {
    try {
      a.close();
      b.close();
    } finally {
      postgres.close();
    }
  }

  @Test
  @Order(1)
  void twoFirstStartsAtTheSameMomentMakeOneOfEach() throws SQLException {
    assertEquals(a.file("root.pem"), b.file("root.pem"));
    assertEquals(a.file("log.vkey"), b.file("log.vkey"));
    assertEquals("3", one("select count(*) from authority"));
    assertEquals("1", one("select count(*) from operator"));
    assertEquals("1", one("select count(*) from signing_key where purpose = 'grants'"));
    assertEquals("1", one("select count(*) from signing_key where purpose = 'server'"));
    assertEquals("2", one("select count(distinct prefix) from node"));
  }

  @Test
  @Order(2)
  void aDeviceQuarantinedOnOneNodeIsDeniedOnTheOtherWithinHalfASecond() throws Exception {
    List<Long> millis = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Unit unit = unit("Q-" + i);
      enroll(a.wire(), unit);
      try (HttpClient client = b.wire().client(firewall)) {
        Eventually.holds(PATIENCE, "permitted on b", () -> permitted(client, b, unit.id()));

        quarantine(a.wire(), unit.id());
        long committed = System.nanoTime();
        long denied;
        do {
          denied = System.nanoTime() - committed;
          assertTrue(denied < BOUND.toNanos(), "permitted after the bound");
        } while (permitted(client, b, unit.id()));
        millis.add(denied / 1_000_000);
        // The last question was asked before it was answered.
        assertFalse(permitted(client, b, unit.id()));
      }
    }
    System.out.println("Denied on the other node after ms: " + millis);
    millis.sort(null);
    assertTrue(millis.get(millis.size() / 2) < HALF_A_SECOND.toMillis(), "took " + millis + " ms");
  }

  /** Law 5 for a hold; a release is on every node too. */
  @Test
  @Order(3)
  void aHoldAndItsReleaseOnOneNodeAreOnTheOther() throws Exception {
    Unit unit = unit("H-1");
    X509Certificate certificate = enroll(a.wire(), unit);
    Identity device = new Identity(unit.keys(), List.of(certificate));
    try (HttpClient client = b.wire().client(firewall)) {
      Eventually.holds(PATIENCE, "permitted on b", () -> permitted(client, b, unit.id()));

      revoke(a.wire(), certificate, "certificate-hold");
      Eventually.holds(BOUND, "denied on b", () -> !permitted(client, b, unit.id()));
      assertEquals(403, challenge(b, device));

      act(a.wire(), certificate, "release", null);
      assertEquals(201, challenge(b, device));
      Eventually.holds(PATIENCE, "permitted on b again", () -> permitted(client, b, unit.id()));
    }
  }

  /** What a node keeps of its answers ends with a commit on the other (law 5). */
  @Test
  @Order(3)
  void anAnswerThatIsKeptOnOneNodeEndsWhenTheOtherRevokes() throws Exception {
    X509Certificate certificate = enroll(a.wire(), unit("O-1"));
    StatusClient onB = new StatusClient(b.wire());
    byte[] request = StatusClient.request(
        StatusClient.SHA_1, onB.authority("devices"), null, certificate.getSerialNumber());
    // Each signature is another one, so equal octets were signed once.
    Eventually.holds(
        PATIENCE,
        "b keeps the answer",
        () -> Arrays.equals(answer(onB, request), answer(onB, request)));
    assertNull(told(onB, request), "good");

    revoke(a.wire(), certificate, "key-compromise");

    Eventually.holds(BOUND, "revoked on b", () -> told(onB, request) instanceof RevokedStatus);
    assertTrue(told(onB, request) instanceof RevokedStatus);
  }

  private static byte[] answer(StatusClient status, byte[] request) {
    return status
        .send("POST", "/ocsp", request, "Content-Type", "application/ocsp-request")
        .body();
  }

  private static @Nullable Object told(StatusClient status, byte[] request) {
    return StatusClient.basic(StatusClient.read(answer(status, request)))
        .getResponses()[0]
        .getCertStatus();
  }

  /** An authority works, and falls, on every node. */
  @Test
  @Order(3)
  void anAuthorityMadeAndRevokedOnOneNodeIsSoOnTheOther() throws Exception {
    a.wire()
        .admin(
            "POST",
            "/api/v1/authorities",
            Map.of("name", "two-fall", "issuer", "root", "subject", "CN=Two Fall"));
    a.wire().document("/api/v1/certificate-profiles/two-fall", """
        apiVersion: sallyport.io/v1
        kind: CertificateProfile
        metadata: {name: two-fall}
        spec:
          issuer: two-fall
          subject: [{serialNumber: "${hardware.serialNumber}"}]
          extendedKeyUsages: [clientAuth]
        """);
    a.wire().document("/api/v1/profiles/two-fall", """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: two-fall}
        spec: {certificateProfiles: [two-fall]}
        """);
    a.wire().document("/api/v1/policies/two-fall", """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: two-fall}
        spec:
          selector: {profile: two-fall}
          allow:
            - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
          grant: {ttl: PT10M}
        """);
    String id = a.wire().register(maker, "FALL-1", "two-fall");
    KeyPair keys = TestPki.key();
    Unit unit =
        new Unit(id, maker.idevid("FALL-1"), keys, TestPki.request(keys, "CN=FALL-1", null));
    Eventually.holds(
        PATIENCE,
        "b has the profile",
        () -> b.wire()
                .send(
                    null,
                    b.wire().device("/.well-known/est/two-fall/cacerts").GET().build())
                .statusCode()
            == 200);
    X509Certificate certificate = enroll(b.wire(), unit);
    Identity device = new Identity(keys, List.of(certificate));
    assertEquals("CN=Two Fall", certificate.getIssuerX500Principal().getName());
    assertEquals(201, challenge(b, device));
    try (HttpClient client = b.wire().client(firewall)) {
      Eventually.holds(PATIENCE, "permitted on b", () -> permitted(client, b, id));

      a.wire()
          .admin("POST", "/api/v1/authorities/two-fall/revoke", Map.of("reason", "ca-compromise"));

      assertEquals(403, challenge(a, device));
      assertEquals(403, challenge(b, device));
      Eventually.holds(BOUND, "denied on b", () -> !permitted(client, b, id));
      KeyPair other = TestPki.key();
      assertEquals(
          403,
          b.wire()
              .est("simpleenroll", unit.idevid(), null, TestPki.request(other, "CN=FALL-1", null))
              .statusCode());
    }
  }

  private static int challenge(ServerProcess node, Identity device) {
    return node.wire()
        .send(
            device,
            node.wire()
                .device("/attest/v1/challenges")
                .POST(HttpRequest.BodyPublishers.noBody())
                .build())
        .statusCode();
  }

  /** A balancer keeps each of two clones on a node of its own; together the nodes see both. */
  @Test
  @Order(3)
  void aCertificateThatIsUsedFromTwoPlacesThroughTwoNodesIsFound() throws Exception {
    Unit unit = unit("TWIN-1");
    Identity device = new Identity(unit.keys(), List.of(enroll(a.wire(), unit)));
    assertEquals(201, from("127.0.0.1", a, device));
    assertEquals(201, from("127.0.0.3", b, device));

    Eventually.holds(Duration.ofMinutes(1), "the alarm", () -> {
      assertEquals(201, from("127.0.0.1", a, device));
      return !a.wire()
          .admin(
              "GET",
              "/api/v1/audit/facts?subject=" + unit.id()
                  + "&kind=security.certificate-in-two-places",
              null)
          .get("items")
          .isEmpty();
    });
  }

  private static int from(String place, ServerProcess node, Identity device) {
    try (HttpClient client = HttpClient.newBuilder()
        .sslContext(node.wire().tls(device))
        .localAddress(InetAddress.getByName(place))
        .build()) {
      return client
          .send(
              node.wire()
                  .device("/attest/v1/challenges")
                  .POST(HttpRequest.BodyPublishers.noBody())
                  .build(),
              HttpResponse.BodyHandlers.discarding())
          .statusCode();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** A campaign that was started on one node is told to devices by the other, and so is its end. */
  @Test
  @Order(3)
  void aRenewalCampaignOfOneNodeIsTheOthers() throws Exception {
    Unit unit = unit("RENEW-1");
    enroll(a.wire(), unit);
    Eventually.holds(PATIENCE, "b knows the device", () -> renewals(b, unit).size() == 1);
    assertTrue(renewals(b, unit).get(0).path("campaign").isMissingNode()
        || renewals(b, unit).get(0).path("campaign").isNull());
    // By its certificate, which tells whole seconds, what was issued in this one may be the answer
    // to a campaign.
    Instant issued = Instant.now();
    Eventually.holds(
        PATIENCE, "it is an older one", () -> Instant.now().isAfter(issued.plusSeconds(2)));

    String campaign = a.wire()
        .admin(
            "POST",
            "/api/v1/renewal-campaigns",
            Map.of("within", "PT1H", "device_profile", "two", "reason", "two nodes"))
        .get("id")
        .asText();
    Eventually.holds(
        PATIENCE,
        "b asks for it",
        () -> renewals(b, unit).get(0).path("campaign").asText().equals(campaign));

    b.wire().admin("POST", "/api/v1/renewal-campaigns/" + campaign + "/end", null);
    Eventually.holds(
        PATIENCE,
        "a asks no more",
        () -> !renewals(a, unit).get(0).path("campaign").asText().equals(campaign));
  }

  private static JsonNode renewals(ServerProcess node, Unit unit) {
    return node.wire().admin("GET", "/api/v1/devices/" + unit.id(), null).path("renewals");
  }

  @Test
  @Order(3)
  void anEnforcementPointIsRecognisedAndRefusedByBothWhicheverWasTold() throws Exception {
    Unit unit = unit("P-1");
    enroll(b.wire(), unit);
    Identity point = enforcementPoint("switch-two");
    Eventually.holds(
        HALF_A_SECOND.multipliedBy(4), "b recognises it", () -> ask(b, point, unit) == 200);

    a.wire().admin("DELETE", "/api/v1/enforcement-points/switch-two", null);
    assertNotEquals(200, ask(a, point, unit));
    Eventually.holds(BOUND, "b refuses it", () -> ask(b, point, unit) == 401);
    assertEquals(200, ask(b, firewall, unit));
  }

  @Test
  @Order(4)
  void anAnswerThatWasLostIsRepeatedByTheOtherNode() throws Exception {
    Unit unit = unit("R-1");
    assertEquals(enroll(a.wire(), unit), enroll(b.wire(), unit));
    assertAll(
        () -> assertEquals(jwks(a), jwks(b), "tokens of one are checked with keys of the other"),
        () -> assertNotEquals(
            prefix(enroll(a.wire(), unit("R-2"))), prefix(enroll(b.wire(), unit("R-3")))));
  }

  @Test
  @Order(5)
  void aPausedHolderIsReplacedAndPublishesNothingWhenItGoesOn() throws Exception {
    Unit unit = unit("S-1");
    Unit later = unit("S-2");
    ServerProcess holder = holder("sequence");
    ServerProcess other = holder == a ? b : a;
    enroll(other.wire(), unit);
    String checkpoint = other.wire().latestCheckpoint();
    long epoch = Long.parseLong(one("select epoch from job_epoch where job = 'sequence'"));

    holder.freeze();
    try (HttpClient client = other.wire().client(firewall)) {
      quarantine(other.wire(), unit.id());
      assertFalse(permitted(client, other, unit.id()), "the node that commits denies at once");
      enroll(other.wire(), later);
      Eventually.holds(PATIENCE, "the other numbers", () -> holderIs(other, "sequence"));
      Eventually.holds(
          PATIENCE, "all is numbered", () -> is("0", "select count(*) from fact_waiting"));
      Eventually.holds(PATIENCE, "the other seals", () -> holderIs(other, "seal"));
      Eventually.holds(PATIENCE, "decisions go on", () -> permitted(client, other, later.id()));
      Eventually.holds(PATIENCE, "the other lists", () -> holderIs(other, "crl"));
    } finally {
      holder.thaw();
    }

    try (HttpClient client = holder.wire().client(firewall)) {
      Eventually.holds(
          PATIENCE, "the former is current again", () -> permitted(client, holder, later.id()));
      assertFalse(permitted(client, holder, unit.id()));
    }
    quarantine(holder.wire(), later.id());
    Eventually.holds(
        PATIENCE, "all is numbered", () -> is("0", "select count(*) from fact_waiting"));
    assertTrue(holderIs(other, "sequence") && holderIs(other, "seal") && holderIs(other, "crl"));
    assertEquals(
        Long.toString(epoch + 1), one("select epoch from job_epoch where job = 'sequence'"));
    assertGapless();
    assertSound(other.wire(), checkpoint);
    assertSound(holder.wire(), checkpoint);
  }

  @Test
  @Order(6)
  void aNodeThatIsKilledUnderLoadLosesNothingAndStopsNothing() throws Exception {
    List<Unit> units = new ArrayList<>();
    for (int i = 0; i < DEVICES; i++) {
      units.add(unit("K-" + i));
    }
    Unit asked = unit("K-asked");
    enroll(a.wire(), asked);
    String checkpoint = a.wire().latestCheckpoint();
    long crlNumber = Long.parseLong(one("select crl_number from authority where name = 'devices'"));
    ServerProcess victim = holder("sequence");
    ServerProcess survivor = victim == a ? b : a;
    Map<String, X509Certificate> held = new ConcurrentHashMap<>();
    AtomicInteger decisions = new AtomicInteger();
    AtomicInteger denied = new AtomicInteger();
    AtomicBoolean over = new AtomicBoolean();

    try (ExecutorService load = Executors.newCachedThreadPool();
        HttpClient client = survivor.wire().client(firewall)) {
      Eventually.holds(PATIENCE, "permitted", () -> permitted(client, survivor, asked.id()));
      Future<?> asking = load.submit(() -> {
        while (!over.get()) {
          decisions.incrementAndGet();
          denied.addAndGet(permitted(client, survivor, asked.id()) ? 0 : 1);
          LockSupport.parkNanos(PAUSE_NANOS);
        }
      });
      Wire dying = victim.wire();
      Wire living = survivor.wire();
      List<Future<?>> enrollments = new ArrayList<>();
      for (int i = 0; i < DEVICES; i++) {
        Unit unit = units.get(i);
        boolean onVictim = i % 2 == 0;
        enrollments.add(load.submit(() -> {
          try {
            HttpResponse<byte[]> response = (onVictim ? dying : living)
                .est("simpleenroll", unit.idevid(), null, unit.request());
            if (response.statusCode() == 200) {
              held.put(unit.id(), Wire.certificates(response.body()).getFirst());
            } else {
              assertTrue(onVictim, "the living node answered " + response.statusCode());
            }
          } catch (UncheckedIOException noAnswer) {
            assertTrue(onVictim, "the living node did not answer");
          }
        }));
      }
      Eventually.holds(PATIENCE, "some are enrolled", () -> held.size() >= DEVICES / 4);
      victim.killServer();
      for (Future<?> enrollment : enrollments) {
        enrollment.get();
      }
      int before = decisions.get();
      Eventually.holds(PATIENCE, "decisions go on", () -> decisions.get() > before + 100);
      System.out.printf("Killed with %d of %d answers out.%n", held.size(), DEVICES);

      // In-flight requests of the killed node are repeated at the other one.
      for (Unit unit : units) {
        X509Certificate certificate = enroll(living, unit);
        if (held.containsKey(unit.id())) {
          assertEquals(held.get(unit.id()), certificate, "the certificate that the device held");
        }
        assertEquals(certificate, enroll(living, unit), "one certificate and no second one");
      }
      quarantine(living, units.getFirst().id());
      assertFalse(permitted(client, survivor, units.getFirst().id()));
      over.set(true);
      asking.get();
    }

    assertEquals(0, denied.get(), "of " + decisions + " answers of the living node");
    assertEquals("0", one("select count(*) from issuance_prepared"));
    Eventually.holds(
        PATIENCE, "all is numbered", () -> is("0", "select count(*) from fact_waiting"));
    assertGapless();
    assertSound(survivor.wire(), checkpoint);
    X509Certificate revoked = held.values().iterator().next();
    revoke(survivor.wire(), revoked, "superseded");
    Eventually.holds(
        PATIENCE,
        "the CRL's number rises and it lists what was revoked",
        () -> crlNumber(survivor.wire(), revoked.getSerialNumber()) > crlNumber
            && crl(survivor.wire(), revoked.getSerialNumber())
                    .getRevokedCertificate(revoked.getSerialNumber())
                != null);
    assertTrue(holderIs(survivor, "crl"));
  }

  private static void revoke(Wire wire, X509Certificate certificate, String reason) {
    act(wire, certificate, "revoke", Map.of("reason", reason));
  }

  private static void act(
      Wire wire, X509Certificate certificate, String act, @Nullable Object body) {
    wire.admin(
        "POST",
        "/api/v1/certificates/devices/" + certificate.getSerialNumber().toString(16) + "/" + act,
        body);
  }

  private Unit unit(String number) {
    String id = a.wire().register(maker, number, "two");
    KeyPair keys = TestPki.key();
    return new Unit(id, maker.idevid(number), keys, TestPki.request(keys, "CN=" + number, null));
  }

  private static X509Certificate enroll(Wire wire, Unit unit) {
    HttpResponse<byte[]> response = wire.est("simpleenroll", unit.idevid(), null, unit.request());
    assertEquals(200, response.statusCode(), () -> new String(response.body()));
    return Wire.certificates(response.body()).getFirst();
  }

  private static void quarantine(Wire wire, String device) {
    wire.admin("POST", "/api/v1/devices/" + device + "/quarantine", Map.of("reason", "test"));
  }

  private Identity enforcementPoint(String name) throws Exception {
    KeyPair keys = TestPki.key();
    JsonNode point = a.wire()
        .admin(
            "POST",
            "/api/v1/enforcement-points",
            Map.of(
                "name",
                name,
                "kind",
                "authzen",
                "csr",
                TestPki.pem("CERTIFICATE REQUEST", TestPki.request(keys, "CN=" + name, null))));
    return new Identity(keys, List.of((X509Certificate) CertificateFactory.getInstance("X.509")
        .generateCertificate(new ByteArrayInputStream(
            point.get("certificate").asText().getBytes(StandardCharsets.US_ASCII)))));
  }

  private static boolean permitted(HttpClient client, ServerProcess node, String device) {
    HttpResponse<byte[]> response = sent(client, question(node.wire(), device));
    String body = new String(response.body(), StandardCharsets.UTF_8);
    assertEquals(200, response.statusCode(), body);
    return new JsonObject(body).getBoolean("decision");
  }

  private static int ask(ServerProcess node, Identity point, Unit unit) {
    try (HttpClient client = node.wire().client(point)) {
      return sent(client, question(node.wire(), unit.id())).statusCode();
    }
  }

  private static HttpRequest question(Wire wire, String device) {
    JsonObject question = new JsonObject()
        .put("subject", new JsonObject().put("type", "device").put("id", device))
        .put("action", new JsonObject().put("name", "connect"))
        .put(
            "resource",
            new JsonObject()
                .put("type", "service")
                .put("id", "vms.plant.example")
                .put("properties", new JsonObject().put("protocol", "tcp").put("port", 8554)));
    return wire.device("/access/v1/evaluation")
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(question.encode()))
        .build();
  }

  private static HttpResponse<byte[]> sent(HttpClient client, HttpRequest request) {
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static String jwks(ServerProcess node) {
    Wire wire = node.wire();
    return new String(
        wire.send(null, wire.device("/oauth2/jwks").build()).body(), StandardCharsets.UTF_8);
  }

  /** The first octet of a serial number tells the node. */
  private static int prefix(X509Certificate certificate) {
    return certificate.getSerialNumber().shiftRight(128).intValueExact();
  }

  private ServerProcess holder(String job) {
    return holderIs(a, job) ? a : b;
  }

  private boolean holderIs(ServerProcess node, String job) {
    return one("select holder from job_epoch where job = '" + job + "'")
        .startsWith(node.pid() + "@");
  }

  private boolean is(String expected, String query) {
    return one(query).equals(expected);
  }

  private String one(String query) {
    try (Connection database = postgres.getPostgresDatabase().getConnection();
        Statement statement = database.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getString(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private void assertGapless() {
    // In one statement: the nodes go on recording.
    assertEquals(
        "0",
        one("select max(position) - count(*) from fact"),
        "every fact has a number, and every number a fact");
  }

  private static void assertSound(Wire wire, String checkpoint) {
    LogVerdict verdict = PublicLog.verify(wire, checkpoint);
    assertNull(verdict.finding(), () -> String.valueOf(verdict.finding()));
    assertTrue(verdict.covered() > 0);
  }

  private static X509CRL crl(Wire wire, BigInteger serial) {
    try {
      HttpResponse<byte[]> response = wire.send(
          null,
          HttpRequest.newBuilder(URI.create(wire.status() + StatusClient.list("devices", serial)))
              .build());
      return (X509CRL) CertificateFactory.getInstance("X.509")
          .generateCRL(new ByteArrayInputStream(response.body()));
    } catch (Exception e) {
      throw new AssertionError("the CRL cannot be read", e);
    }
  }

  /** RFC 5280 §5.2.3. */
  private static long crlNumber(Wire wire, BigInteger serial) {
    BigInteger number = ASN1Integer.getInstance(
            ASN1OctetString.getInstance(crl(wire, serial).getExtensionValue("2.5.29.20"))
                .getOctets())
        .getValue();
    return number.longValueExact();
  }
}
