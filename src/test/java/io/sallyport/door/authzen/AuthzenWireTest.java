package io.sallyport.door.authzen;

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
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.net.http.HttpRequest.BodyPublishers;
import java.security.KeyPair;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.bouncycastle.asn1.x500.X500Name;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The rows of AuthZEN 1.0 over the wire, and who may ask. */
@QuarkusTest
class AuthzenWireTest extends ServerTest {
  private static final String EVALUATION = "/access/v1/evaluation";

  /** {@code ID} stands for the camera's. */
  private static final String GOOD = """
      {"subject":{"type":"device","id":"ID"},"action":{"name":"connect"},
       "resource":{"type":"service","id":"vms.plant.example","properties":{"protocol":"tcp","port":8554}}}""";

  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @SuppressWarnings("NullAway.Init")
  private Unit camera;

  @BeforeEach
  void openPlant() {
    if (plant == null) {
      plant = Plant.open(wire, "authzen");
      camera = plant.attested("Z-1");
    }
  }

  @AfterAll
  void closePlant() {
    plant.close();
  }

  @Test
  void theMetadataNamesTheEndpoints() {
    JsonNode metadata =
        plant.get(null, "/.well-known/authzen-configuration").expect(200).json();

    assertEquals(wire.devices(), metadata.get("policy_decision_point").asText());
    assertEquals(
        wire.devices() + EVALUATION, metadata.get("access_evaluation_endpoint").asText());
  }

  @Test
  void aDenyIs200WithReasons() {
    Answer answer = evaluate(GOOD.replace("8554", "22")).expect(200);

    assertFalse(answer.json().get("decision").asBoolean(true));
    assertFalse(answer.json().at("/context/reasons/0").asText().isEmpty());
    assertEquals("application/json", answer.header("Content-Type"));
  }

  @Test
  void unknownFieldsAreIgnored() {
    String body = GOOD.replaceFirst(
            "\\{", "{\"later\":{\"version\":2},\"context\":{\"time\":\"now\"},")
        .replace("\"name\":\"connect\"", "\"name\":\"connect\",\"properties\":{\"x\":1}");

    assertTrue(evaluate(body).expect(200).json().get("decision").asBoolean());
  }

  static Stream<Arguments> malformed() {
    return Stream.of(
        Arguments.of("an empty body", ""),
        Arguments.of("no JSON", "{\"subject\":"),
        Arguments.of("an array", "[]"),
        Arguments.of("something after the object", GOOD + "{}"),
        Arguments.of(
            "a field twice", GOOD.replaceFirst("\\{", "{\"action\":{\"name\":\"connect\"},")),
        Arguments.of("no subject", GOOD.replace("\"subject\"", "\"subjekt\"")),
        Arguments.of("no action", GOOD.replace("\"action\"", "\"aktion\"")),
        Arguments.of("no resource", GOOD.replace("\"resource\"", "\"ressource\"")),
        Arguments.of("a number for the action's name", GOOD.replace("\"connect\"", "123")),
        Arguments.of("a number for the subject's id", GOOD.replace("\"ID\"", "7")),
        Arguments.of("a subject without type", GOOD.replace("\"type\":\"device\",", "")),
        Arguments.of(
            "a string for the subject",
            GOOD.replace("{\"type\":\"device\",\"id\":\"ID\"}", "\"ID\"")),
        Arguments.of(
            "properties that are no object",
            GOOD.replace("{\"protocol\":\"tcp\",\"port\":8554}", "[]")),
        Arguments.of("a context that is no object", GOOD.replaceFirst("\\{", "{\"context\":1,")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("malformed")
  void whatIsMalformedIs400WithAString(String what, String body) {
    Answer answer = evaluate(body).expect(400);

    assertFalse(answer.text().isBlank());
    assertTrue(
        answer.header("Content-Type").startsWith("text/plain"), answer.header("Content-Type"));
    assertFalse(
        answer.text().contains("io.sallyport") || answer.text().contains("jackson"), answer.text());
  }

  @Test
  void anotherMediaTypeIs400() {
    plant
        .post(plant.enforcementPoint(), EVALUATION, "text/plain", BodyPublishers.ofString(good()))
        .expect(400);
  }

  @Test
  void aBodyThatIsTooLargeIs413() {
    plant
        .post(
            plant.enforcementPoint(),
            EVALUATION,
            "application/json",
            BodyPublishers.ofString(" ".repeat(16 * 1024 + 1)))
        .expect(413);
  }

  @Test
  void theRequestIdComesBackWithEveryAnswer() {
    assertEquals(
        "r-1", asked(plant.enforcementPoint(), good(), "r-1").expect(200).header("X-Request-ID"));
    assertEquals(
        "r-2", asked(plant.enforcementPoint(), "{", "r-2").expect(400).header("X-Request-ID"));
    assertEquals("r-3", asked(null, good(), "r-3").expect(401).header("X-Request-ID"));
    assertEquals(
        36,
        asked(plant.enforcementPoint(), good(), "x".repeat(200))
            .expect(200)
            .header("X-Request-ID")
            .length());
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "another action             | connect           | print",
        "another type of resource   | \"service\"       | \"printer\"",
        "another type of subject    | \"device\"        | \"user\"",
        "no device of this id       | ID                | 00000000-0000-7000-8000-000000000000",
        "an id that is none         | ID                | camera 1",
        "no protocol                | \"protocol\":\"tcp\", | ''",
        "an unknown protocol        | \"tcp\"           | \"gre\"",
        "a port out of range        | 8554              | 70000",
        "a port as text             | 8554              | \"8554\""
      })
  void whatMeansNothingHereIsADenyWithAReason(String what, String from, String to) {
    JsonNode answer = evaluate(GOOD.replace(from, to)).expect(200).json();

    assertFalse(answer.get("decision").asBoolean(true));
    assertFalse(answer.at("/context/reasons/0").asText().isEmpty());
  }

  @Test
  void aCertificateIsKnownByItsThumbprintInHexAndBase64url() {
    String hex = camera.thumbprint();
    String base64url =
        Base64.getUrlEncoder().withoutPadding().encodeToString(HexFormat.of().parseHex(hex));
    for (String id : List.of(hex, hex.toUpperCase(Locale.ROOT), base64url)) {
      assertTrue(
          plant
              .evaluate(plant.enforcementPoint(), "certificate", id, Plant.VIDEO)
              .expect(200)
              .json()
              .get("decision")
              .asBoolean(),
          id);
    }
    assertFalse(
        plant
            .evaluate(
                plant.enforcementPoint(),
                "certificate",
                Plant.sha256(camera.idevid().certificate()),
                Plant.VIDEO)
            .expect(200)
            .json()
            .get("decision")
            .asBoolean(),
        "an IDevID is not an identity here");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "execute_all             | 8554 22 8554 | true false true",
        "deny_on_first_deny      | 8554 22 8554 | true false",
        "permit_on_first_permit  | 22 8554 22   | false true"
      })
  void aBatchStopsWhereItsSemanticSays(String semantic, String ports, String decisions) {
    String items = Stream.of(ports.split(" "))
        .map(port ->
            "{\"resource\":{\"type\":\"service\",\"id\":\"vms.plant.example\",\"properties\":"
                + "{\"protocol\":\"tcp\",\"port\":" + port + "}}}")
        .collect(Collectors.joining(","));
    String body = good()
        .replaceFirst(
            "\\{",
            "{\"options\":{\"evaluations_semantic\":\"" + semantic + "\"},\"evaluations\":[" + items
                + "],");

    assertEquals(decisions, decisions(body));
  }

  @Test
  void aBadItemIsFalseForItselfAlone() {
    String body = good().replaceFirst("\\{", "{\"evaluations\":[{},{\"action\":{\"name\":7}},{}],");

    assertEquals("true false true", decisions(body));
  }

  @Test
  void aBatchWithoutItemsIsASingleDecision() {
    for (String body : List.of(good(), good().replaceFirst("\\{", "{\"evaluations\":[],"))) {
      assertTrue(batch(body).get("decision").asBoolean());
    }
  }

  @Test
  void onlyARegisteredCertificateIsAnEnforcementPoint() {
    Identity sameName = sameName(null);
    Identity certifiedByManufacturer = sameName(plant.manufacturer().authority());
    Map<String, Identity> strangers = Map.of(
        "a device certificate",
        camera.identity(),
        "an IDevID",
        camera.idevid(),
        "the same name, self-signed",
        sameName,
        "the same name by a manufacturer",
        certifiedByManufacturer);

    strangers.forEach((who, identity) -> {
      Answer answer = plant.evaluate(identity, "device", camera.id(), Plant.VIDEO);
      assertEquals(401, answer.status(), who);
      assertFalse(answer.text().contains("decision"), who);
    });
    assertEquals(401, plant.evaluate(null, "device", camera.id(), Plant.VIDEO).status(), "nobody");
  }

  @Test
  void aRemovedEnforcementPointIsRefusedAtOnceOnTheSameConnection() {
    Identity gate = plant.enforcementPoint("authzen-removed");
    plant.evaluate(gate, "device", camera.id(), Plant.VIDEO).expect(200);

    plant.person("DELETE", "/api/v1/enforcement-points/authzen-removed", null).expect(204);

    plant.evaluate(gate, "device", camera.id(), Plant.VIDEO).expect(401);
    plant.evaluate(plant.enforcementPoint(), "device", camera.id(), Plant.VIDEO).expect(200);
    assertEquals("authzen-removed", removed().at("/detail/name").asText());
  }

  private JsonNode removed() {
    return Patience.until(
        "enforcement-point.removed",
        () -> StreamSupport.stream(
                wire.admin(
                        "GET",
                        "/api/v1/audit/facts?limit=1000&kind=enforcement-point.removed",
                        null)
                    .get("items")
                    .spliterator(),
                false)
            .filter(fact -> fact.at("/detail/name").asText().equals("authzen-removed"))
            .findFirst());
  }

  @Test
  void anEnforcementPointWhoseCertificateIsRevokedIsRefusedAtOnce() {
    Identity gate = plant.enforcementPoint("authzen-revoked");
    plant.evaluate(gate, "device", camera.id(), Plant.VIDEO).expect(200);
    String serial = gate.certificate().getSerialNumber().toString(16);

    plant
        .person(
            "POST",
            "/api/v1/certificates/internal/" + serial + "/revoke",
            Map.of("reason", "key-compromise"))
        .expect(200);

    plant.evaluate(gate, "device", camera.id(), Plant.VIDEO).expect(401);
  }

  @Test
  void theSameNameAndKeyGetTheSameCertificateAndAnotherKeyDoesNot() {
    KeyPair keys = TestPki.key();
    String first = plant
        .addEnforcementPoint("authzen-again", keys)
        .expect(201)
        .json()
        .get("certificate")
        .asText();

    assertEquals(
        first,
        plant
            .addEnforcementPoint("authzen-again", keys)
            .expect(201)
            .json()
            .get("certificate")
            .asText());
    plant.addEnforcementPoint("authzen-again", TestPki.key()).expect(409);
  }

  @Test
  void whoAskedWhatIsInTheDecisionLogWhoseDigestIsAFact() {
    String id = camera.decision(Plant.VIDEO).at("/context/id").asText();

    assertFalse(id.isEmpty());
    Patience.untilTrue(
        "decisions.logged",
        () -> wire.admin("GET", "/api/v1/audit/facts?limit=1&kind=decisions.logged", null)
                .at("/items/0/detail/sha-256")
                .asText()
                .length()
            == 64);
  }

  private static Identity sameName(@Nullable Identity issuer) {
    KeyPair keys = TestPki.key();
    return new Identity(
        keys,
        List.of(TestPki.certify(
            new X500Name("CN=authzen-gate,O=Sallyport enforcement"),
            keys,
            issuer,
            Instant.now().minus(1, ChronoUnit.HOURS),
            Instant.now().plus(1, ChronoUnit.DAYS),
            false,
            null)));
  }

  private String good() {
    return GOOD.replace("ID", camera.id());
  }

  private Answer evaluate(String body) {
    return plant.post(
        plant.enforcementPoint(),
        EVALUATION,
        "application/json",
        BodyPublishers.ofString(body.replace("ID", camera.id())));
  }

  private Answer asked(@Nullable Identity by, String body, String requestId) {
    return Answer.of(wire.send(
        by,
        wire.device(EVALUATION)
            .header("Content-Type", "application/json")
            .header("X-Request-ID", requestId)
            .POST(BodyPublishers.ofString(body))
            .build()));
  }

  private JsonNode batch(String body) {
    return plant
        .post(
            plant.enforcementPoint(),
            "/access/v1/evaluations",
            "application/json",
            BodyPublishers.ofString(body))
        .expect(200)
        .json();
  }

  private String decisions(String body) {
    return StreamSupport.stream(batch(body).get("evaluations").spliterator(), false)
        .map(item -> item.get("decision").asText())
        .collect(Collectors.joining(" "));
  }
}
