package io.sallyport.door.signals;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.text.ParseException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
class SignalsWireTest extends ServerTest {
  private static final String REVOKED =
      "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
  private static final String COMPLIANCE =
      "https://schemas.openid.net/secevent/caep/event-type/device-compliance-change";

  private static @Nullable Plant opened;

  @SuppressWarnings("NullAway.Init")
  private static String source;

  @SuppressWarnings("NullAway.Init")
  private static String otherSource;

  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @BeforeEach
  void openPlant() {
    if (opened == null) {
      opened = Plant.open(wire, "signals");
      source = operator(opened, "ids-here", "signal-source", List.of());
      otherSource =
          operator(opened, "ids-elsewhere", "signal-source", List.of("signals-elsewhere"));
    }
    plant = opened;
  }

  @AfterAll
  static void closePlant() {
    if (opened != null) {
      opened.close();
    }
  }

  @Nested
  class Received {
    @Test
    void aGraveSignalTakesThePostureAwayUntilItIsWithdrawn() {
      Unit unit = plant.attested("SIG-R-1");
      assertTrue(unit.may(Plant.VIDEO));

      String id =
          signal(source, unit, "high", "PT1H").expect(201).json().get("id").asText();

      assertFalse(unit.may(Plant.VIDEO));
      unit.token(Plant.VIDEO).expect(403);
      plant.fact(unit.id(), "signal.received");
      as(source, "DELETE", "/api/v1/signals/" + id, null).expect(204);
      assertTrue(unit.may(Plant.VIDEO));
    }

    @Test
    void aSignalEndsByItself() {
      Unit unit = plant.attested("SIG-R-2");
      signal(source, unit, "critical", "PT2S").expect(201);
      assertFalse(unit.may(Plant.VIDEO));

      Patience.untilTrue("the device may connect again", () -> unit.may(Plant.VIDEO));

      plant.fact(unit.id(), "signal.expired");
    }

    @ParameterizedTest
    @CsvSource({"low, true", "medium, true", "high, false", "critical, false"})
    void aPolicyThatTakesAWarningTakesAMediumSignal(String severity, boolean expected) {
      Unit unit = plant.attested("SIG-R-3-" + severity);
      plant.policySpec("""
          posture:
            executables: {tier: warning, assurance: network-observed}
          allow:
            - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
          grant: {ttl: PT10M}
          """);
      try {
        signal(source, unit, severity, "PT1H").expect(201);
        assertEquals(expected, unit.may(Plant.VIDEO));
      } finally {
        plant.policy("PT10M");
      }
    }

    @Test
    void aMediumSignalNeverMakesAPostureBetter() {
      Unit unit = plant.enrolled("SIG-R-4");
      plant.policySpec("""
          posture:
            executables: {tier: warning, assurance: network-observed}
          allow:
            - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
          grant: {ttl: PT10M}
          """);
      try {
        assertFalse(unit.may(Plant.VIDEO));
        signal(source, unit, "medium", "PT1H").expect(201);
        assertFalse(unit.may(Plant.VIDEO));
      } finally {
        plant.policy("PT10M");
      }
    }

    @Test
    void aSourceSpeaksForTheDevicesOfItsSitesOnly() {
      Unit unit = plant.attested("SIG-R-5");

      signal(otherSource, unit, "high", "PT1H").expect(404);

      assertTrue(unit.may(Plant.VIDEO));
      String id =
          signal(source, unit, "low", "PT1H").expect(201).json().get("id").asText();
      as(otherSource, "DELETE", "/api/v1/signals/" + id, null).expect(404);
    }

    @Test
    void aSourceDoesNothingElse() {
      Unit unit = plant.enrolled("SIG-R-6");
      as(source, "GET", "/api/v1/devices", null).expect(403);
      as(source, "GET", "/api/v1/signals?device=" + unit.id(), null).expect(403);
      as(source, "POST", "/api/v1/devices/" + unit.id() + "/quarantine", Map.of("reason", "x"))
          .expect(403);
    }

    @ParameterizedTest
    @CsvSource({
      "kind, Malware!, 422",
      "severity, dreadful, 400",
      "claim, colour, 422",
      "reason, '', 400",
      "lifetime, P31D, 422",
      "lifetime, PT0S, 422",
      "lifetime, soon, 400",
      "device, cam-1, 400",
      "device, 00000000-0000-7000-8000-000000000000, 404",
      "surprise, x, 400"
    })
    void aSignalThatIsNotValidIsRefused(String field, String value, int status) {
      Unit unit = plant.enrolled("SIG-R-7-" + field + "-" + Math.abs(value.hashCode()));
      Map<String, String> body = body(unit, "high", "PT1H");
      body.put(field, value);
      as(source, "POST", "/api/v1/signals", body).expect(status);
    }

    @Test
    void aSourceThatRepeatsItselfTakesNobodysPlace() {
      Unit unit = plant.attested("SIG-R-8");
      for (int i = 0; i < 16; i++) {
        Map<String, String> body = body(unit, "low", "PT1H");
        body.put("kind", "noise-" + i);
        as(source, "POST", "/api/v1/signals", body).expect(201);
      }
      signal(source, unit, "low", "PT1H").expect(409);
      Map<String, String> worse = body(unit, "medium", "PT1H");
      worse.put("kind", "noise-3");
      as(source, "POST", "/api/v1/signals", worse).expect(201);
      assertTrue(unit.may(Plant.VIDEO));

      plant.person("POST", "/api/v1/signals", body(unit, "critical", "PT1H")).expect(201);

      assertFalse(unit.may(Plant.VIDEO));
    }
  }

  @Nested
  class Transmitted {
    @Test
    void aReceiverThatPollsGetsSignedEventsUntilItTakesThem() throws Exception {
      Receiver receiver = receiver("signals-poller", "signals-poll", Map.of("audience", "siem"));
      Unit unit = unitOn("SIG-T-1", "signals-poll");
      unit.enroll();
      unit.attest(Plant.GOOD).expect(200);
      signal(source, unit, "high", "PT1H").expect(201);
      unit.become("quarantine").expect(200);

      SignedJWT revoked = await(receiver, REVOKED, unit);
      SignedJWT compliance = await(receiver, COMPLIANCE, unit);

      assertEquals("secevent+jwt", revoked.getHeader().getType().getType());
      assertTrue(revoked.verify(new ECDSAVerifier(
          JWKSet.parse(plant.get(null, "/signals/v1/jwks").expect(200).text())
              .getKeyByKeyId(revoked.getHeader().getKeyID())
              .toECKey())));
      assertNull(revoked.getJWTClaimsSet().getSubject());
      assertNull(revoked.getJWTClaimsSet().getExpirationTime());
      assertEquals(List.of("siem"), revoked.getJWTClaimsSet().getAudience());
      assertEquals(
          Map.of("format", "opaque", "id", unit.id()),
          revoked.getJWTClaimsSet().getJSONObjectClaim("sub_id"));
      Map<?, ?> change = change(compliance);
      assertEquals("compliant", change.get("previous_status"));
      assertEquals("not-compliant", change.get("current_status"));

      receiver
          .poll(Map.of(
              "maxEvents",
              0,
              "ack",
              List.of(
                  revoked.getJWTClaimsSet().getJWTID(),
                  compliance.getJWTClaimsSet().getJWTID())))
          .expect(200);

      assertEquals("{}", waiting(receiver));
      JsonNode enforcement = plant
          .person("GET", "/api/v1/devices/" + unit.id() + "/enforcements", null)
          .expect(200)
          .json()
          .at("/items/0");
      assertEquals("signals-poller", enforcement.get("point").asText());
      assertEquals("acknowledged", enforcement.get("outcome").asText());
    }

    @Test
    void aDeviceThatRecoversIsCompliantAgain() throws Exception {
      Receiver receiver = receiver("signals-recovery", "signals-recovery", Map.of());
      Unit unit = unitOn("SIG-T-2", "signals-recovery");
      unit.enroll();
      unit.attest(Plant.OLD).expect(200);
      take(receiver, await(receiver, COMPLIANCE, unit));

      unit.attest(Plant.GOOD).expect(200);

      Map<?, ?> change = change(await(receiver, COMPLIANCE, unit));
      assertEquals("compliant", change.get("current_status"));
    }

    @Test
    void aReceiverSeesTheDevicesOfItsSitesOnly() throws Exception {
      Receiver receiver = receiver("signals-apart", "signals-apart", Map.of());
      Receiver other = receiver("signals-beside", "signals-beside", Map.of());
      Unit unit = unitOn("SIG-T-3", "signals-apart");
      unit.enroll();
      unit.become("quarantine").expect(200);
      take(receiver, await(receiver, REVOKED, unit));

      assertEquals(0, other.poll(Map.of()).expect(200).json().get("sets").size());
      String foreign = await(receiver, COMPLIANCE, unit).getJWTClaimsSet().getJWTID();
      other.poll(Map.of("ack", List.of(foreign))).expect(200);
      assertEquals(1, receiver.poll(Map.of()).expect(200).json().get("sets").size());
    }

    @Test
    void aPushIsTriedUntilTheReceiverAcceptsIt() throws Exception {
      Queue<String> bodies = new ConcurrentLinkedQueue<>();
      Queue<String> authorizations = new ConcurrentLinkedQueue<>();
      AtomicInteger asked = new AtomicInteger();
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 5);
      server.createContext("/events", exchange -> {
        bodies.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
        authorizations.add(exchange.getRequestHeaders().getFirst("Authorization"));
        exchange.sendResponseHeaders(asked.getAndIncrement() == 0 ? 503 : 202, -1);
        exchange.close();
      });
      server.start();
      try {
        Receiver receiver = receiver(
            "signals-pushed",
            "signals-push",
            Map.of("push", "http://127.0.0.1:" + server.getAddress().getPort() + "/events"));
        Unit unit = unitOn("SIG-T-4", "signals-push");
        unit.become("suspend").expect(200);

        JsonNode enforcement = Patience.until(
            "the event is acknowledged",
            () -> Optional.of(plant
                    .person("GET", "/api/v1/devices/" + unit.id() + "/enforcements", null)
                    .json()
                    .at("/items/0"))
                .filter(one -> one.path("outcome").asText().equals("acknowledged")));

        assertEquals("taken by push", enforcement.get("detail").asText());
        assertEquals("Bearer a-shared-secret", authorizations.peek());
        assertTrue(bodies.size() >= 2, "it was tried again");
        assertTrue(bodies.stream().anyMatch(body -> has(body, REVOKED)));
        receiver.poll(Map.of()).expect(409);
      } finally {
        server.stop(0);
      }
    }

    @Test
    void aStreamSaysWhatItIsAndVerifiesItself() throws Exception {
      Receiver receiver = receiver("signals-stream", "signals-stream", Map.of());
      JsonNode metadata =
          plant.get(null, "/.well-known/ssf-configuration").expect(200).json();
      assertTrue(metadata.get("configuration_endpoint").asText().endsWith("/signals/v1/stream"));
      JsonNode stream =
          plant.get(receiver.identity, "/signals/v1/stream").expect(200).json();
      String id = stream.get("stream_id").asText();
      assertEquals("urn:ietf:rfc:8936", stream.at("/delivery/method").asText());

      receiver
          .post("/signals/v1/verify", Map.of("stream_id", id, "state", "are you there?"))
          .expect(204);

      JsonNode sets = receiver.poll(Map.of()).expect(200).json().get("sets");
      assertEquals(1, sets.size());
      Map<String, Object> event = SignedJWT.parse(sets.elements().next().asText())
          .getJWTClaimsSet()
          .getJSONObjectClaim("events");
      assertEquals(
          Map.of("state", "are you there?"),
          event.get("https://schemas.openid.net/secevent/ssf/event-type/verification"));
      receiver.post("/signals/v1/stream", Map.of()).expect(501);
      receiver.post("/signals/v1/verify", Map.of("stream_id", "x")).expect(404);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "[]",
          "{",
          "{\"ack\":1}",
          "{\"ack\":[\"x\"]}",
          "{\"maxEvents\":-1}",
          "{\"maxEvents\":\"many\"}",
          "{\"setErrs\":[]}",
          "{\"ack\":[],\"ack\":[]}"
        })
    void aPollThatIsNotOneIsRefused(String body) {
      Identity identity = refusedReceiver();
      plant
          .post(identity, "/signals/v1/poll", "application/json", BodyPublishers.ofString(body))
          .expect(400);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {"http://10.0.0.1/events", "https://user:secret@siem.example/", "ftp://x", "siem"
        })
    void tokensArePushedOverTlsOnly(String push) {
      plant
          .person(
              "POST",
              "/api/v1/enforcement-points",
              Map.of(
                  "name",
                  "signals-odd",
                  "kind",
                  "signals",
                  "settings",
                  Map.of("parameters", Map.of("push", push)),
                  "csr",
                  TestPki.pem(
                      "CERTIFICATE REQUEST",
                      TestPki.request(TestPki.key(), "CN=signals-odd", null))))
          .expect(422);
    }

    @Test
    void onlyReceiversGetEvents() {
      plant.get(null, "/signals/v1/stream").expect(401);
      plant.get(plant.enforcementPoint(), "/signals/v1/stream").expect(403);
      plant
          .post(
              plant.enforcementPoint(),
              "/signals/v1/poll",
              "application/json",
              BodyPublishers.ofString("{}"))
          .expect(403);
      Unit unit = plant.enrolled("SIG-T-9");
      plant.get(unit.identity(), "/signals/v1/stream").expect(401);
    }
  }

  private static @Nullable Identity refused;

  private Identity refusedReceiver() {
    if (refused == null) {
      refused = receiver("signals-refused", "signals-refused", Map.of()).identity;
    }
    return refused;
  }

  /** A registered receiver of one site's events. */
  private final class Receiver {
    private final Identity identity;

    Receiver(Identity identity) {
      this.identity = identity;
    }

    Answer poll(Map<String, ?> body) {
      return post("/signals/v1/poll", body);
    }

    Answer post(String path, Map<String, ?> body) {
      return plant.post(identity, path, "application/json", BodyPublishers.ofString(json(body)));
    }
  }

  private Receiver receiver(String name, String site, Map<String, String> parameters) {
    KeyPair keys = TestPki.key();
    String certificate = plant
        .person(
            "POST",
            "/api/v1/enforcement-points",
            Map.of(
                "name",
                name,
                "kind",
                "signals",
                "settings",
                Map.of("sites", List.of(site), "parameters", parameters),
                "secret",
                "a-shared-secret",
                "csr",
                TestPki.pem("CERTIFICATE REQUEST", TestPki.request(keys, "CN=" + name, null))))
        .expect(201)
        .json()
        .get("certificate")
        .asText();
    return new Receiver(new Identity(keys, List.of(Plant.certificate(certificate))));
  }

  private Unit unitOn(String serialNumber, String site) {
    plant
        .person(
            "POST",
            "/api/v1/devices",
            Map.of(
                "manufacturer",
                plant.manufacturer().name(),
                "model",
                "Cam 1",
                "serial_number",
                serialNumber,
                "profile",
                plant.name(),
                "owner",
                "ops",
                "site",
                site))
        .expect(201);
    return plant.known(serialNumber);
  }

  private static SignedJWT await(Receiver receiver, String type, Unit unit) {
    return Patience.until("an event " + type, () -> {
      for (JsonNode token : receiver.poll(Map.of()).expect(200).json().get("sets")) {
        if (has(token.asText(), type) && token.asText().length() > 0) {
          try {
            SignedJWT parsed = SignedJWT.parse(token.asText());
            if (unit.id()
                .equals(parsed.getJWTClaimsSet().getJSONObjectClaim("sub_id").get("id"))) {
              return Optional.of(parsed);
            }
          } catch (ParseException e) {
            throw new AssertionError(e);
          }
        }
      }
      return Optional.empty();
    });
  }

  private static Map<?, ?> change(SignedJWT token) throws ParseException {
    return Objects.requireNonNull(
        (Map<?, ?>) token.getJWTClaimsSet().getJSONObjectClaim("events").get(COMPLIANCE));
  }

  /** What still waits, by device and event. */
  private static String waiting(Receiver receiver) throws ParseException {
    Map<String, Object> events = new HashMap<>();
    for (JsonNode token : receiver.poll(Map.of()).expect(200).json().get("sets")) {
      var claims = SignedJWT.parse(token.asText()).getJWTClaimsSet();
      events.put(claims.getJWTID(), claims.getClaim("sub_id") + " " + claims.getClaim("events"));
    }
    return events.toString();
  }

  private static void take(Receiver receiver, SignedJWT token) throws ParseException {
    receiver
        .poll(Map.of("maxEvents", 0, "ack", List.of(token.getJWTClaimsSet().getJWTID())))
        .expect(200);
  }

  private static boolean has(String token, String type) {
    try {
      return SignedJWT.parse(token)
          .getJWTClaimsSet()
          .getJSONObjectClaim("events")
          .containsKey(type);
    } catch (ParseException e) {
      throw new AssertionError(e);
    }
  }

  private Answer signal(String token, Unit unit, String severity, String lifetime) {
    return as(token, "POST", "/api/v1/signals", body(unit, severity, lifetime));
  }

  private static Map<String, String> body(Unit unit, String severity, String lifetime) {
    Map<String, String> body = new HashMap<>();
    body.put("device", unit.id());
    body.put("kind", "port-scan");
    body.put("severity", severity);
    body.put("reason", "it asked every port of a controller");
    body.put("lifetime", lifetime);
    return body;
  }

  private static String operator(Plant plant, String name, String role, List<String> sites) {
    return plant
        .person(
            "POST",
            "/api/v1/operators",
            Map.of("name", name, "roles", List.of(role), "sites", sites))
        .expect(201)
        .json()
        .get("token")
        .asText();
  }

  private Answer as(String token, String method, String path, @Nullable Object body) {
    try (HttpClient client = wire.client(null)) {
      var request = wire.person(path)
          .setHeader("Authorization", "Bearer " + token)
          .method(
              method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(json(body)));
      if (body != null) {
        request.header("Content-Type", "application/json");
      }
      return Answer.to(client, request.build());
    }
  }

  private static String json(Object value) {
    try {
      return new com.fasterxml.jackson.databind.ObjectMapper().writeValueAsString(value);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
