package io.sallyport.door.radius;

import static io.sallyport.door.radius.RadiusPoint.accounting;
import static io.sallyport.door.radius.RadiusPoint.octets;
import static io.sallyport.door.radius.RadiusPoint.question;
import static io.sallyport.door.radius.RadiusPoint.reply;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What FreeRADIUS asks and tells, in the shapes that it was seen to send. */
@QuarkusTest
class RadiusWireTest extends ServerTest {
  private static final String STATION = "02-00-00-00-00-01";
  private static final String EXPANSION = "%{client:secret}";

  private static final String POLICY = """
      posture:
        executables: {tier: warning, assurance: signed-software}
      allow:
        - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
      network: {vlan: %d, filterId: camera-in}
      """;

  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private static Plant plant;

  @SuppressWarnings("NullAway.Init")
  private static RadiusPoint point;

  @SuppressWarnings("NullAway.Init")
  private static Unit camera;

  @BeforeEach
  void openPlant() {
    if (plant == null) {
      plant = Plant.open(wire, "nac");
      plant.policySpec(POLICY.formatted(42) + "otherwise: {quarantineVlan: 666}\n");
      point = RadiusPoint.register(plant, "nac-radius", Map.of());
      camera = plant.attested("NAC-1");
    }
  }

  @AfterAll
  void closePlant() {
    plant.close();
  }

  private static Answer admit(Unit unit, String station) {
    return point.authorize(question(unit.identity().certificate(), station)).expect(200);
  }

  private static Answer start(Unit unit, String session, String station, String... more) {
    Map<String, Object> told = accounting("Start", session, station);
    told.put("Class", octets(reply(admit(unit, station), "Class")));
    for (int i = 0; i < more.length; i += 2) {
      told.put(more[i], more[i + 1]);
    }
    return point.accounting(told).expect(204);
  }

  private static List<JsonNode> items(Unit unit, String what) {
    JsonNode items = plant
        .person("GET", "/api/v1/devices/" + unit.id() + "/" + what, null)
        .expect(200)
        .json()
        .get("items");
    return StreamSupport.stream(items.spliterator(), false).toList();
  }

  private static Optional<JsonNode> session(Unit unit, String name) {
    return items(unit, "sessions").stream()
        .filter(session -> session.get("name").asText().equals("192.0.2.7 " + name))
        .findFirst();
  }

  private static boolean live(Unit unit, String name) {
    return session(unit, name).orElseThrow().get("ended_at").isNull();
  }

  @Nested
  class Authorize {
    @Test
    void letsADeviceInWithWhatItsPolicyNames() {
      Answer answer = admit(camera, STATION);
      assertEquals("VLAN", reply(answer, "Tunnel-Type"));
      assertEquals("IEEE-802", reply(answer, "Tunnel-Medium-Type"));
      assertEquals("42", reply(answer, "Tunnel-Private-Group-Id"));
      assertEquals("camera-in", reply(answer, "Filter-Id"));
      assertEquals("RADIUS-Request", reply(answer, "Termination-Action"));
      assertEquals("300", reply(answer, "Acct-Interim-Interval"));
      int timeout = Integer.parseInt(reply(answer, "Session-Timeout"));
      assertTrue(timeout > 600 && timeout <= 900, "beyond the appraisal: " + timeout);
      answer.json().properties().forEach(attribute -> {
        assertFalse(attribute.getValue().get("do_xlat").asBoolean(true), attribute.getKey());
        assertEquals(":=", attribute.getValue().get("op").asText());
      });
    }

    @Test
    void anObligationIsToldOrTheDeviceIsNotLetIn() {
      String filter = "f".repeat(58);
      try (Plant bound = Plant.open(wire, "nac-bound")) {
        bound.policySpec("""
            allow:
              - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
            network: {vlan: 42, filterId: %s, securityGroup: 65519, rate: 4294967, sessionTimeout: PT2M}
            """.formatted(filter));
        Unit unit = bound.enrolled("NAC-BOUND");
        Map<String, Object> asked = question(unit.identity().certificate(), STATION);
        Answer refused = point.authorize(asked).expect(403);
        assertTrue(refused.text().contains("cisco-sgt"), refused.text());

        RadiusPoint able = RadiusPoint.register(
            bound, "nac-able", Map.of("parameters", Map.of("abilities", "cisco-sgt,wispr-rate")));
        Answer answer = able.authorize(asked).expect(200);
        assertEquals("cts:security-group-tag=ffef-00", reply(answer, "Cisco-AVPair"));
        assertEquals("4294967000", reply(answer, "WISPr-Bandwidth-Max-Up"));
        assertEquals("4294967000", reply(answer, "WISPr-Bandwidth-Max-Down"));
        assertEquals("120", reply(answer, "Session-Timeout"));
        assertTrue(reply(answer, "Class").length() <= 253);

        Map<String, Object> told = accounting("Start", "BOUND", STATION);
        told.put("Class", octets(reply(answer, "Class")));
        able.accounting(told).expect(204);
        JsonNode given = session(unit, "BOUND").orElseThrow().get("attributes");
        assertEquals("65519", given.get("sgt").asText());
        assertEquals("4294967", given.get("rate").asText());
        assertEquals(filter, given.get("filter-id").asText());
      }
    }

    @Test
    void theClassNamesTheDecisionInTheLog() {
      String decision = reply(admit(camera, STATION), "Class").substring(0, 36);
      assertEquals(
          decision,
          Patience.until(
              "the session",
              () -> items(camera, "sessions").stream()
                  .map(session -> session.get("decision").asText())
                  .filter(decision::equals)
                  .findFirst()));
    }

    @Test
    void aNameThatADeviceClaimsCountsForNothing() {
      Unit other = plant.enrolled("NAC-2");
      Map<String, Object> question = question(other.identity().certificate(), STATION);
      question.put("User-Name", camera.id());
      question.put("TLS-Client-Cert-Common-Name", "NAC-1");
      // It never attested: into the quarantine network, whatever it calls itself.
      assertEquals("666", reply(point.authorize(question).expect(200), "Tunnel-Private-Group-Id"));
    }

    @Test
    void aQuarantinedDeviceGetsIntoTheNetworkWhereItCanRecover() {
      Unit quarantined = plant.attested("NAC-3");
      quarantined.become("quarantine").expect(200);
      Answer answer = admit(quarantined, "02-00-00-00-00-03");
      assertEquals("666", reply(answer, "Tunnel-Private-Group-Id"));
      assertEquals("", reply(answer, "Filter-Id"));
      assertEquals("600", reply(answer, "Session-Timeout"));
      JsonNode session = Patience.until(
          "its session", () -> items(quarantined, "sessions").stream().findFirst());
      assertFalse(session.get("permit").asBoolean());
      assertEquals("666", session.at("/attributes/vlan").asText());
    }

    @Test
    void aRevokedCertificateIsDeniedQuarantineNetworkOrNot() {
      Unit revoked = plant.attested("NAC-4");
      plant
          .person(
              "POST",
              "/api/v1/certificates/devices/"
                  + revoked.identity().certificate().getSerialNumber().toString(16) + "/revoke",
              Map.of("reason", "key-compromise"))
          .expect(200);
      Answer answer =
          point.authorize(question(revoked.identity().certificate(), STATION)).expect(403);
      assertTrue(answer.text().contains("unknown certificate"), answer.text());
    }

    @Test
    void aDecommissionedDeviceIsDenied() {
      Unit gone = plant.attested("NAC-5");
      plant
          .person(
              "POST",
              "/api/v1/devices/" + gone.id() + "/decommission",
              Map.of("reason", "a test", "revocation_reason", "cessation-of-operation"))
          .expect(200);
      point.authorize(question(gone.identity().certificate(), STATION)).expect(403);
    }

    static Stream<org.junit.jupiter.params.provider.Arguments> certificates() {
      return Stream.of(
          named("none at all", Map.of()),
          named("no issuer", Map.of("TLS-Client-Cert-Serial", "01")),
          named("another serial", changed("TLS-Client-Cert-Serial", "0102030405060708")),
          named("a serial that is none", changed("TLS-Client-Cert-Serial", EXPANSION)),
          named("a serial too long", changed("TLS-Client-Cert-Serial", "ab".repeat(400))),
          named("a negative serial", changed("TLS-Client-Cert-Serial", "-01")),
          named(
              "another issuer",
              changed("TLS-Client-Cert-X509v3-Authority-Key-Identifier", "AA:BB:CC")),
          named(
              "an issuer that is none",
              changed("TLS-Client-Cert-X509v3-Authority-Key-Identifier", "AA:BB:" + EXPANSION)),
          named("two serials", changed("TLS-Client-Cert-Serial", List.of("01", "02"))));
    }

    private static org.junit.jupiter.params.provider.Arguments named(
        String name, Map<String, ?> changes) {
      return org.junit.jupiter.params.provider.Arguments.of(name, changes);
    }

    private static Map<String, ?> changed(String attribute, Object value) {
      return Map.of("changed", attribute, "value", value);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("certificates")
    void whatNamesNoLiveCertificateIsDenied(String name, Map<String, ?> changes) {
      Map<String, Object> question = question(camera.identity().certificate(), STATION);
      Object attribute = changes.get("changed");
      if (attribute == null) {
        question.keySet().removeIf(key -> key.startsWith("TLS-") && !changes.containsKey(key));
        question.putAll(changes);
      } else {
        question.put((String) attribute, java.util.Objects.requireNonNull(changes.get("value")));
      }
      Answer answer = point.authorize(question).expect(403);
      assertFalse(answer.text().contains(EXPANSION), answer.text());
    }

    @Test
    void nothingOfTheQuestionComesBack() {
      for (String attribute : List.of(
          "User-Name",
          "NAS-Identifier",
          "Calling-Station-Id",
          "Called-Station-Id",
          "Acct-Session-Id",
          "NAS-Port-Id",
          "Class",
          "Filter-Id",
          "reply:Filter-Id",
          "TLS-Client-Cert-Common-Name",
          "TLS-Client-Cert-Subject",
          EXPANSION)) {
        Map<String, Object> question = question(camera.identity().certificate(), STATION);
        question.put(attribute, EXPANSION);
        Answer answer = point.authorize(question).expect(200);
        assertFalse(answer.text().contains("client:secret"), attribute + ": " + answer.text());
        assertEquals("camera-in", reply(answer, "Filter-Id"));
      }
    }

    static Stream<String> notWhatRlmRestWrites() {
      return Stream.of(
          "",
          "{",
          "null",
          "[]",
          "\"x\"",
          "{} {}",
          "{\"User-Name\":\"x\"}",
          "{\"User-Name\":{\"type\":\"string\",\"value\":\"x\"}}",
          "{\"User-Name\":{\"type\":\"string\",\"value\":[{\"a\":1}]}}",
          "{\"User-Name\":{\"type\":\"string\",\"value\":[[\"a\"]]}}",
          "{\"User-Name\":{\"type\":\"string\",\"value\":[null]}}",
          "{\"User-Name\":{\"type\":\"string\",\"value\":[]},\"User-Name\":{\"type\":\"string\",\"value\":[]}}",
          "[".repeat(5000));
    }

    @ParameterizedTest
    @MethodSource("notWhatRlmRestWrites")
    void whatRlmRestWouldNotWriteIsMalformed(String body) {
      for (String path : List.of("/radius/authorize", "/radius/accounting")) {
        plant
            .post(point.identity(), path, "application/json", BodyPublishers.ofString(body))
            .expect(400);
      }
    }

    @Test
    void aBodyOfAnotherTypeOrTooLargeIsRefused() {
      plant
          .post(
              point.identity(),
              "/radius/authorize",
              "application/x-www-form-urlencoded",
              BodyPublishers.ofString("User-Name=x"))
          .expect(400);
      plant
          .post(
              point.identity(),
              "/radius/authorize",
              "application/json",
              BodyPublishers.ofString("{\"a\":\"" + "x".repeat(70_000) + "\"}"))
          .expect(413);
    }

    @Test
    void onlyAPointOfThisKindMayAsk() {
      String body = RadiusPoint.json(question(camera.identity().certificate(), STATION));
      for (String path : List.of("/radius/authorize", "/radius/accounting")) {
        plant
            .post(null, path, "application/json", BodyPublishers.ofString(body))
            .expect(401);
        plant
            .post(camera.identity(), path, "application/json", BodyPublishers.ofString(body))
            .expect(401);
        plant
            .post(plant.enforcementPoint(), path, "application/json", BodyPublishers.ofString(body))
            .expect(403);
        plant.get(point.identity(), path).expect(405);
      }
      plant.fact("POST", "enforcement-point.refused", "not-a-radius-point");
    }

    @Test
    void aPointSeesOnlyTheSitesThatItGuards() {
      RadiusPoint elsewhere =
          RadiusPoint.register(plant, "nac-elsewhere", Map.of("sites", List.of("plant-2")));
      Answer answer = elsewhere
          .authorize(question(camera.identity().certificate(), STATION))
          .expect(403);
      assertTrue(answer.text().contains("not guarded"), answer.text());
    }
  }

  @Nested
  class Account {
    @Test
    void aSessionLivesFromStartToStopAndBindsItsAddresses() {
      Unit unit = plant.attested("NAC-10");
      start(unit, "S10", "02:00:00:00:00:10", "Framed-IP-Address", "10.77.0.10");
      JsonNode session = session(unit, "S10").orElseThrow();
      assertTrue(session.get("permit").asBoolean());
      assertEquals("42", session.at("/attributes/vlan").asText());
      assertEquals("camera-in", session.at("/attributes/filter-id").asText());
      assertTrue(session.get("ended_at").isNull());
      JsonNode bound = items(unit, "addresses").getFirst();
      assertEquals("10.77.0.10", bound.get("address").asText());
      assertEquals("accounting", bound.get("source").asText());
      assertEquals(session.get("id").asText(), bound.get("session").asText());
      assertTrue(bound.get("live").asBoolean());

      // The NAS spells the station as it likes, and the address came late: another one, and one of
      // IPv6.
      Map<String, Object> interim = accounting("Interim-Update", "S10", "020000000010");
      interim.put("Framed-IP-Address", "10.77.0.11");
      interim.put("Framed-IPv6-Address", "2001:db8:77::10");
      point.accounting(interim).expect(204);
      assertEquals(
          List.of("10.77.0.11", "2001:db8:77:0:0:0:0:10"),
          items(unit, "addresses").stream()
              .filter(binding -> binding.get("live").asBoolean())
              .map(binding -> binding.get("address").asText())
              .sorted()
              .toList());

      Map<String, Object> stop = accounting("Stop", "S10", "02:00:00:00:00:10");
      stop.put("Acct-Terminate-Cause", "User-Request");
      point.accounting(stop).expect(204);
      point.accounting(stop).expect(204);
      assertEquals(
          "the NAS ended it: User-Request",
          session(unit, "S10").orElseThrow().get("end_reason").asText());
      assertTrue(items(unit, "addresses").stream()
          .noneMatch(binding -> binding.get("live").asBoolean()));
    }

    @Test
    void anInterimProlongsTheBinding() {
      Unit unit = plant.attested("NAC-11");
      start(unit, "S11", "02:00:00:00:00:11", "Framed-IP-Address", "10.77.0.12");
      String before = items(unit, "addresses").getFirst().get("until").asText();
      // Neither address nor Class in it.
      point.accounting(accounting("Interim-Update", "S11", "02:00:00:00:00:11")).expect(204);
      JsonNode after = items(unit, "addresses").getFirst();
      assertTrue(after.get("until").asText().compareTo(before) > 0);
      assertEquals(1, items(unit, "addresses").size());
      assertTrue(session(unit, "S11").orElseThrow().get("permit").asBoolean());
    }

    @Test
    void withoutClassTheStationTellsWhoseSessionItIs() {
      Unit unit = plant.attested("NAC-12");
      admit(unit, "02:00:00:00:00:12");
      Patience.untilTrue(
          "the admission is known", () -> session(unit, "station 020000000012").isPresent());
      point.accounting(accounting("Start", "S12", "02-00-00-00-00-12")).expect(204);
      assertTrue(live(unit, "S12"));
      assertFalse(live(unit, "station 020000000012"));
      assertEquals(
          "42", session(unit, "S12").orElseThrow().at("/attributes/vlan").asText());
    }

    @Test
    void aSessionOfNobodyKnownIsLeftAlone() {
      point.accounting(accounting("Start", "S13", "02-00-00-00-00-99")).expect(204);
      Map<String, Object> other = accounting("Start", "S13", "02-00-00-00-00-99");
      other.put("Class", octets("class-of-another-server"));
      point.accounting(other).expect(204);
      point.accounting(accounting("Stop", "S13", "02-00-00-00-00-99")).expect(204);
      point.accounting(accounting("Tunnel-Start", "S13", "02-00-00-00-00-99")).expect(204);
    }

    @Test
    void anotherPointCanNeitherUseTheClassNorTouchTheSession() {
      Unit unit = plant.attested("NAC-14");
      start(unit, "S14", "02:00:00:00:00:14");
      String given = reply(admit(unit, "02:00:00:00:00:14"), "Class");
      RadiusPoint other = RadiusPoint.register(plant, "nac-other", Map.of());

      Map<String, Object> forged = accounting("Start", "S14b", "02:00:00:00:00:14");
      forged.put("Class", octets(given));
      other.accounting(forged).expect(403);
      plant.fact("POST", "enforcement-point.refused", "forged-class");

      other.accounting(accounting("Stop", "S14", "02:00:00:00:00:14")).expect(204);
      Map<String, Object> on = new LinkedHashMap<>();
      on.put("Acct-Status-Type", "Accounting-On");
      on.put("NAS-IP-Address", "192.0.2.7");
      other.accounting(on).expect(204);
      assertTrue(live(unit, "S14"));
    }

    @Test
    void aClassIsGoodForItsStationAndAsItWasOnly() {
      Unit unit = plant.attested("NAC-15");
      String given = reply(admit(unit, "02:00:00:00:00:15"), "Class");
      Map<String, Object> elsewhere = accounting("Start", "S15", "02:00:00:00:00:16");
      elsewhere.put("Class", octets(given));
      point.accounting(elsewhere).expect(403);
      Map<String, Object> altered = accounting("Start", "S15", "02:00:00:00:00:15");
      char last = given.charAt(given.length() - 5);
      altered.put(
          "Class",
          octets(given.substring(0, given.length() - 5)
              + (last == 'A' ? 'B' : 'A')
              + given.substring(given.length() - 4)));
      point.accounting(altered).expect(403);
      assertTrue(session(unit, "S15").isEmpty());
    }

    @Test
    void aNasThatStartsAnewHasNoSessions() {
      Unit unit = plant.attested("NAC-17");
      start(unit, "S17", "02:00:00:00:00:17", "Framed-IP-Address", "10.77.0.17");
      Map<String, Object> elsewhere = accounting("Start", "S17", "02:00:00:00:00:17");
      elsewhere.put("NAS-IP-Address", "192.0.2.70");
      elsewhere.put("Class", octets(reply(admit(unit, "02:00:00:00:00:17"), "Class")));
      point.accounting(elsewhere).expect(204);

      Map<String, Object> on = new LinkedHashMap<>();
      on.put("Acct-Status-Type", 7);
      on.put("NAS-IP-Address", "192.0.2.7");
      point.accounting(on).expect(204);
      assertFalse(live(unit, "S17"));
      assertTrue(items(unit, "sessions").stream()
          .anyMatch(session -> session.get("name").asText().equals("192.0.2.70 S17")
              && session.get("ended_at").isNull()));
    }

    @Test
    void anAddressThatAnOperatorBoundToAnotherDeviceIsNotTaken() {
      Unit owner = plant.attested("NAC-18");
      Unit thief = plant.attested("NAC-19");
      plant
          .person(
              "POST",
              "/api/v1/devices/" + owner.id() + "/addresses",
              Map.of("address", "10.77.0.18", "lifetime", "PT1H"))
          .expect(201);
      start(thief, "S19", "02:00:00:00:00:19", "Framed-IP-Address", "10.77.0.18");
      Map<String, Object> interim = accounting("Interim-Update", "S19", "02:00:00:00:00:19");
      interim.put("Framed-IP-Address", "10.77.0.18");
      point.accounting(interim).expect(204);
      assertTrue(live(thief, "S19"));
      assertEquals(List.of(), items(thief, "addresses"));
      plant.fact(thief.id(), "address.refused", "address-conflict");
      assertEquals(
          1,
          plant.facts(thief.id()).stream()
              .filter(fact -> fact.get("kind").asText().equals("address.refused"))
              .count());
    }

    static Stream<Map<String, Object>> incomplete() {
      Map<String, Object> noStatus = accounting("Start", "S", STATION);
      noStatus.remove("Acct-Status-Type");
      Map<String, Object> noSession = accounting("Start", "S", STATION);
      noSession.remove("Acct-Session-Id");
      Map<String, Object> noNas = accounting("Start", "S", STATION);
      noNas.remove("NAS-IP-Address");
      Map<String, Object> longSession = accounting("Start", "s".repeat(129), STATION);
      Map<String, Object> control = accounting("Start", "a\nb", STATION);
      return Stream.of(noStatus, noSession, noNas, longSession, control);
    }

    @ParameterizedTest
    @MethodSource("incomplete")
    void whatNamesNoSessionIsRefused(Map<String, Object> told) {
      point.accounting(told).expect(422);
    }

    @Test
    void aDeviceThatWasDeniedBeforeItsSessionWasKnownIsWithdrawnAtOnce() {
      Unit unit = plant.attested("NAC-20");
      Map<String, Object> start = accounting("Start", "S20", "02:00:00:00:00:20");
      start.put("Class", octets(reply(admit(unit, "02:00:00:00:00:20"), "Class")));
      unit.become("quarantine").expect(200);
      point.accounting(start).expect(204);
      String session = session(unit, "S20").orElseThrow().get("id").asText();
      Patience.until(
          "its withdrawal",
          () -> items(unit, "enforcements").stream()
              .filter(one -> one.get("session").asText().equals(session))
              .findFirst());
    }
  }

  @Nested
  class Reconciliation {
    @Test
    void anotherNetworkEndsTheSessionAndTheSameDoesNot() {
      Plant changing = Plant.open(wire, "nac-changing");
      try {
        changing.policySpec(POLICY.formatted(50));
        RadiusPoint gate = RadiusPoint.register(changing, "nac-changing-radius", Map.of());
        Unit unit = changing.attested("NAC-30");
        Map<String, Object> start = accounting("Start", "S30", "02:00:00:00:00:30");
        start.put(
            "Class",
            octets(reply(
                gate.authorize(question(unit.identity().certificate(), "02:00:00:00:00:30"))
                    .expect(200),
                "Class")));
        gate.accounting(start).expect(204);

        changing.policySpec(POLICY.formatted(50) + "otherwise: {quarantineVlan: 51}\n");
        changing.policySpec(POLICY.formatted(52));
        JsonNode withdrawn = Patience.until(
            "the withdrawal",
            () -> items(unit, "enforcements").stream()
                .filter(one ->
                    one.get("reason").asText().equals("the device is to be attached otherwise"))
                .findFirst());
        assertEquals("pending", withdrawn.get("outcome").asText());
        // It cannot be told, and says why: this point has no way to its switches.
        Patience.untilTrue(
            "what came of it",
            () -> items(unit, "enforcements")
                .getFirst()
                .get("detail")
                .asText()
                .contains("no parameter disconnect"));
      } finally {
        changing.close();
      }
    }
  }
}
