package io.sallyport.door.radius;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.door.radius.FreeRadius.Outcome;
import io.sallyport.door.radius.SwitchListener.Way;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Peers;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.StreamSupport;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Network access control with the real FreeRADIUS, its shipped configuration, and a real supplicant. */
@QuarkusTest
class FreeRadiusTest extends ServerTest {
  @TempDir
  static Path folder;

  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @SuppressWarnings("NullAway.Init")
  private RadiusPoint point;

  @SuppressWarnings("NullAway.Init")
  private SwitchListener nas;

  @SuppressWarnings("NullAway.Init")
  private FreeRadius radius;

  @BeforeEach
  void openPlant() throws IOException {
    Peers.need("freeradius", "eapol_test", "radclient");
    if (plant == null) {
      plant = Plant.open(wire, "wired");
      policy("otherwise: {quarantineVlan: 666}\n");
      nas = new SwitchListener(RadiusPoint.SECRET);
      point = RadiusPoint.register(
          plant,
          "wired-radius",
          Map.of("parameters", Map.of("disconnect", "127.0.0.1:" + nas.port())));
      radius = new FreeRadius(
          Files.createDirectory(folder.resolve("radius")),
          wire.devices(),
          wire.root(),
          point.identity(),
          List.of(issuer()));
    }
  }

  @AfterAll
  void close() throws InterruptedException {
    if (radius != null) {
      radius.close();
      nas.close();
      plant.close();
    }
  }

  private void policy(String otherwise) {
    plant.policySpec("""
        posture:
          executables: {tier: warning, assurance: signed-software}
        allow:
          - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
        network: {vlan: 42, filterId: camera-in}
        """ + otherwise);
  }

  private X509Certificate issuer() {
    JsonNode authorities = wire.admin("GET", "/api/v1/authorities", null).get("items");
    return StreamSupport.stream(authorities.spliterator(), false)
        .filter(authority -> authority.get("name").asText().equals("devices"))
        .map(authority -> Plant.certificate(authority.get("certificate").asText()))
        .findFirst()
        .orElseThrow();
  }

  private List<JsonNode> items(Unit unit, String what) {
    JsonNode items =
        wire.admin("GET", "/api/v1/devices/" + unit.id() + "/" + what, null).get("items");
    return StreamSupport.stream(items.spliterator(), false).toList();
  }

  /** EAP-TLS, then accounting as a NAS would send it. */
  private JsonNode session(Unit unit, String station, String session, String address) {
    Outcome outcome = radius.authenticate(unit.identity(), station, "camera");
    assertTrue(outcome.success(), radius.log());
    radius.account(start(outcome, station, session, address));
    return live(unit, session);
  }

  private static Map<String, String> start(
      Outcome outcome, String station, String session, String address) {
    Map<String, String> start = new LinkedHashMap<>();
    start.put("Acct-Status-Type", "Start");
    start.put("Acct-Session-Id", "\"" + session + "\"");
    start.put("Calling-Station-Id", "\"" + station + "\"");
    start.put("Framed-IP-Address", address);
    start.put("Class", "0x" + outcome.attribute(25));
    return start;
  }

  private JsonNode live(Unit unit, String session) {
    return Patience.until(
        "session " + session,
        () -> items(unit, "sessions").stream()
            .filter(one -> one.get("name").asText().equals("127.0.0.1 " + session))
            .findFirst());
  }

  private JsonNode acknowledged(Unit unit, JsonNode session) {
    return Patience.until(
        "the acknowledgement",
        () -> enforcement(unit, session)
            .filter(one -> one.get("outcome").asText().equals("acknowledged")));
  }

  private Optional<JsonNode> enforcement(Unit unit, JsonNode session) {
    return items(unit, "enforcements").stream()
        .filter(one -> one.get("session").asText().equals(session.get("id").asText()))
        .findFirst();
  }

  private void revoke(Unit unit) {
    plant
        .person(
            "POST",
            "/api/v1/certificates/devices/"
                + unit.identity().certificate().getSerialNumber().toString(16) + "/revoke",
            Map.of("reason", "key-compromise"))
        .expect(200);
  }

  @Test
  void aDeviceIsLetInWithVlanAndFilter() {
    Unit camera = plant.attested("W-1");
    Outcome outcome =
        radius.authenticate(camera.identity(), "02:00:00:00:01:01", "%{client:secret}");
    assertTrue(outcome.success(), radius.log());
    assertEquals("0000000d", outcome.attribute(64));
    assertEquals("00000006", outcome.attribute(65));
    assertEquals("42", ascii(outcome.attribute(81)));
    assertTrue(outcome.has(11));
    assertTrue(radius.log().contains("Filter-Id := \"camera-in\"")
        || radius.log().contains("Filter-Id = \"camera-in\""));
    assertEquals("1", outcome.attribute(29));
    int timeout = Integer.parseInt(outcome.attribute(27));
    assertTrue(timeout > 0 && timeout <= 900, "Session-Timeout " + timeout);
    assertTrue(ascii(outcome.attribute(25)).matches("[0-9a-f-]{36}\\..*"));
    assertFalse(ascii(outcome.attribute(25)).contains(FreeRadius.SECRET));
  }

  @Test
  void aQuarantinedDeviceIsLetIntoTheQuarantineNetworkOnlyAndBack() {
    Unit camera = plant.attested("W-2");
    camera.become("quarantine").expect(200);
    Outcome quarantined = radius.authenticate(camera.identity(), "02:00:00:00:01:02", "camera");
    assertTrue(quarantined.success());
    assertEquals("666", ascii(quarantined.attribute(81)));
    assertFalse(quarantined.has(11));
    camera.become("release").expect(200);
    Outcome released = radius.authenticate(camera.identity(), "02:00:00:00:01:02", "camera");
    assertEquals("42", ascii(released.attribute(81)));
  }

  @Test
  void withoutAQuarantineNetworkAQuarantinedDeviceIsRejected() {
    Plant strict = Plant.open(wire, "wired-strict");
    try {
      strict.policySpec("""
          allow:
            - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
          """);
      Unit camera = strict.enrolled("W-3");
      Outcome permitted = radius.authenticate(camera.identity(), "02:00:00:00:01:03", "camera");
      assertTrue(permitted.success());
      assertFalse(permitted.has(64));
      camera.become("quarantine").expect(200);
      assertFalse(
          radius.authenticate(camera.identity(), "02:00:00:00:01:03", "camera").success());
    } finally {
      strict.close();
    }
  }

  @Test
  void aRevokedDeviceIsRejected() {
    Unit camera = plant.attested("W-4");
    assertTrue(
        radius.authenticate(camera.identity(), "02:00:00:00:01:04", "camera").success());
    revoke(camera);
    assertFalse(
        radius.authenticate(camera.identity(), "02:00:00:00:01:04", "camera").success());
  }

  @Test
  void certificatesOfOthersAreRejected() {
    Unit camera = plant.registered("W-5");
    // The maker's own identity, and one that an enforcement point has of this very server.
    assertFalse(
        radius.authenticate(camera.idevid(), "02:00:00:00:01:05", "camera").success());
    assertFalse(
        radius.authenticate(point.identity(), "02:00:00:00:01:05", "camera").success());
  }

  @Test
  void whileSallyportIsDownNobodyIsLetIn() throws IOException {
    Unit camera = plant.attested("W-6");
    try (FreeRadius alone = new FreeRadius(
        Files.createDirectory(folder.resolve("alone")),
        "https://localhost:" + FreeRadius.freePort(),
        wire.root(),
        point.identity(),
        List.of(issuer()))) {
      assertFalse(
          alone.authenticate(camera.identity(), "02:00:00:00:01:06", "camera").success());
    }
  }

  /** The shipped configuration must not take for a permit what FreeRADIUS by itself would. */
  @Test
  void nothingButAnAnswerWithAttributesLetsADeviceIn() throws Exception {
    Unit camera = plant.attested("W-7");
    Identity authority = TestPki.manufacturer("another sallyport").authority();
    AtomicReference<Map.Entry<Integer, String>> answer = new AtomicReference<>(Map.entry(200, ""));
    HttpsServer other = HttpsServer.create(new InetSocketAddress("localhost", 0), 0);
    other.setHttpsConfigurator(new HttpsConfigurator(context(FreeRadius.server(authority))));
    other.createContext("/", exchange -> {
      exchange.getRequestBody().readAllBytes();
      Map.Entry<Integer, String> said = Objects.requireNonNull(answer.get());
      byte[] body = said.getValue().getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().add("Content-Type", "application/json");
      exchange.sendResponseHeaders(said.getKey(), body.length == 0 ? -1 : body.length);
      if (body.length > 0) {
        exchange.getResponseBody().write(body);
      }
      exchange.close();
    });
    other.start();
    String attributes =
        new String(new AccessAccept().vlan(42).reply().body(), StandardCharsets.UTF_8);
    try (FreeRadius asking = new FreeRadius(
        Files.createDirectory(folder.resolve("asking")),
        "https://localhost:" + other.getAddress().getPort(),
        authority.certificate(),
        point.identity(),
        List.of(issuer()))) {
      for (Map.Entry<Integer, String> no : List.of(
          Map.entry(200, "{}"),
          Map.entry(200, "no JSON"),
          Map.entry(204, ""),
          Map.entry(404, attributes),
          Map.entry(403, attributes),
          Map.entry(401, attributes),
          Map.entry(302, ""),
          Map.entry(500, attributes))) {
        answer.set(no);
        assertFalse(
            asking
                .authenticate(camera.identity(), "02:00:00:00:01:07", "camera")
                .success(),
            "let in on " + no);
      }
      answer.set(Map.entry(200, attributes));
      assertTrue(
          asking.authenticate(camera.identity(), "02:00:00:00:01:07", "camera").success());
    } finally {
      other.stop(0);
    }
  }

  @Test
  void revocationIsToldAgainAndAgainUntilTheNasConfirms() {
    Unit camera = plant.attested("W-8");
    JsonNode session = session(camera, "02:00:00:00:01:08", "S-8", "10.88.0.8");
    assertTrue(session.get("permit").asBoolean());
    assertTrue(session.get("ended_at").isNull());
    JsonNode bound = items(camera, "addresses").getFirst();
    assertEquals("10.88.0.8", bound.get("address").asText());
    assertTrue(bound.get("live").asBoolean());

    nas.answer("02:00:00:00:01:08", Way.SILENT, Way.NAK_506, Way.ACK);
    revoke(camera);

    JsonNode done = acknowledged(camera, session);
    assertEquals(3, done.get("attempts").asInt());
    assertEquals("Disconnect-ACK", done.get("detail").asText());
    List<byte[]> requests = nas.heard("02:00:00:00:01:08");
    assertEquals(3, requests.size());
    byte[] request = requests.getLast();
    assertEquals(40, request[0]);
    String octets = new String(request, StandardCharsets.ISO_8859_1);
    assertTrue(octets.contains("S-8") && octets.contains("02:00:00:00:01:08"));
    JsonNode ended = live(camera, "S-8");
    assertEquals("disconnected", ended.get("end_reason").asText());
    assertFalse(items(camera, "addresses").getFirst().get("live").asBoolean());
    JsonNode fact = plant.fact(done.get("id").asText(), "enforcement.acknowledged");
    assertEquals(3, fact.at("/detail/attempts").asInt());
  }

  @Test
  void aSessionThatTheNasKnowsNoMoreIsAcknowledgedToo() {
    Unit camera = plant.attested("W-9");
    JsonNode first = session(camera, "02:00:00:00:01:09", "S-9", "10.88.0.9");
    camera.become("quarantine").expect(200);
    assertEquals("Disconnect-ACK", acknowledged(camera, first).get("detail").asText());

    JsonNode second = session(camera, "02:00:00:00:01:09", "S-9b", "10.88.0.9");
    assertFalse(second.get("permit").asBoolean());
    nas.answer(
        "02:00:00:00:01:09",
        Way.FORGED_ACK,
        Way.ACK_FROM_ELSEWHERE,
        Way.NAK_WITHOUT_CAUSE,
        Way.NAK_503);
    camera.become("release").expect(200);
    JsonNode done = acknowledged(camera, second);
    // None of the first three counts; asked once more when this machine is slow to take the fourth
    // in.
    assertTrue(done.get("attempts").asInt() >= 4, done.toString());
    assertTrue(done.get("detail").asText().contains("503"), done.toString());
    assertFalse(live(camera, "S-9b").get("ended_at").isNull());
  }

  @Test
  void freeRadiusTakesTheDisconnectRequestForGenuine() {
    RadiusPoint told = RadiusPoint.register(
        plant,
        "wired-told",
        Map.of("parameters", Map.of("disconnect", "nas:" + radius.disconnectPort())));
    Unit camera = plant.attested("W-10");
    Map<String, Object> question =
        RadiusPoint.question(camera.identity().certificate(), "02:00:00:00:01:10");
    question.put("NAS-IP-Address", "127.0.0.1");
    question.put("Acct-Session-Id", "S-10");
    told.authorize(question).expect(200);
    JsonNode session = live(camera, "S-10");
    camera.become("quarantine").expect(200);
    JsonNode done = acknowledged(camera, session);
    assertEquals(1, done.get("attempts").asInt());
    assertEquals("Disconnect-ACK", done.get("detail").asText());
  }

  private static String ascii(String hex) {
    return new String(HexFormat.of().parseHex(hex), StandardCharsets.ISO_8859_1);
  }

  private static SSLContext context(Identity identity)
      throws GeneralSecurityException, IOException {
    KeyStore own = KeyStore.getInstance("PKCS12");
    own.load(null, null);
    own.setKeyEntry(
        "own",
        identity.keys().getPrivate(),
        new char[0],
        identity.chain().toArray(X509Certificate[]::new));
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(own, new char[0]);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    return context;
  }
}
