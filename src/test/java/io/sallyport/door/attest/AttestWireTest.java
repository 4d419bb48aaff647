package io.sallyport.door.attest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.Wire;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Bad input at the attestation endpoints: a clear error, nothing changed, nothing leaked. */
@QuarkusTest
class AttestWireTest extends ServerTest {
  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  /** Attested; whatever is refused here must leave it as it is. */
  @SuppressWarnings("NullAway.Init")
  private Unit camera;

  @SuppressWarnings("NullAway.Init")
  private Unit other;

  @BeforeEach
  void openPlant() {
    if (plant == null) {
      plant = Plant.open(wire, "attest");
      camera = plant.attested("A-1");
      other = plant.attested("A-2");
    }
  }

  @AfterAll
  void closePlant() {
    plant.close();
  }

  static Stream<Arguments> badEvidence() {
    return Stream.of(
        Arguments.of("not a JWS", 400, "invalid-evidence"),
        Arguments.of("signed by another device", 403, "evidence-signature"),
        Arguments.of("unsigned", 403, "evidence-signature"),
        Arguments.of("altered after it was signed", 403, "evidence-signature"),
        Arguments.of("a nonce that nobody gave", 403, "wrong-nonce"),
        Arguments.of("the nonce of another device", 403, "wrong-nonce"),
        Arguments.of("made an hour ago", 403, "stale-evidence"),
        Arguments.of("a claim that is not of the profile", 400, "invalid-evidence"),
        Arguments.of("without a digest", 400, "invalid-evidence"),
        Arguments.of("of another profile", 415, "unsupported-evidence"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badEvidence")
  void badEvidenceIsRefusedAndChangesNothing(String what, int status, String problem) {
    String before = appraisal();

    Answer answer = camera.evidence(evidence(what).apply(camera.nonce()));

    assertProblem(status, problem, answer);
    assertEquals(before, appraisal(), "the appraisal was replaced");
    assertTrue(camera.may(Plant.VIDEO), "the decision changed");
    plant.fact(camera.id(), "attestation.refused", problem);
  }

  /** What is sent as evidence instead of an honest report with a nonce. */
  private Function<String, String> evidence(String what) {
    return switch (what) {
      case "not a JWS" -> nonce -> "{\"eat_nonce\":\"" + nonce + "\"}";
      case "signed by another device" -> nonce -> other.report(nonce, Plant.OLD);
      case "unsigned" ->
        nonce -> {
          String[] parts = camera.report(nonce, Plant.OLD).split("\\.", -1);
          return Base64.getUrlEncoder()
                  .withoutPadding()
                  .encodeToString("{\"alg\":\"none\"}".getBytes(StandardCharsets.US_ASCII))
              + "." + parts[1] + ".";
        };
      case "altered after it was signed" ->
        nonce -> {
          String[] signed = camera.report(nonce, Plant.OLD).split("\\.", -1);
          return signed[0] + "." + camera.report(nonce, Plant.GOOD).split("\\.", -1)[1] + "."
              + signed[2];
        };
      case "a nonce that nobody gave" -> nonce -> camera.report("A".repeat(43), Plant.OLD);
      case "the nonce of another device" -> nonce -> camera.report(other.nonce(), Plant.OLD);
      case "made an hour ago" ->
        nonce -> with(nonce, "iat", Instant.now().minusSeconds(3600).getEpochSecond());
      case "a claim that is not of the profile" -> nonce -> with(nonce, "admin", true);
      case "without a digest" ->
        nonce -> {
          Map<String, Object> claims = camera.claims(nonce, Plant.OLD);
          claims.remove("swdigest");
          return camera.sign(claims);
        };
      case "of another profile" ->
        nonce -> with(nonce, "eat_profile", "tag:example.org,2026:other");
      default -> throw new AssertionError(what);
    };
  }

  private String with(String nonce, String claim, Object value) {
    Map<String, Object> claims = camera.claims(nonce, Plant.OLD);
    claims.put(claim, value);
    return camera.sign(claims);
  }

  @Test
  void aNonceIsAnsweredOnce() {
    Unit unit = plant.enrolled("A-3");
    String report = unit.report(unit.nonce(), Plant.GOOD);
    unit.evidence(report).expect(200);

    assertProblem(403, "wrong-nonce", unit.evidence(report));
    assertTrue(unit.may(Plant.VIDEO));
  }

  @Test
  void nobodyBurnsTheNonceOfAnother() {
    String nonce = camera.nonce();

    assertProblem(403, "wrong-nonce", other.evidence(other.report(nonce, Plant.GOOD)));
    assertProblem(403, "evidence-signature", other.evidence(camera.report(nonce, Plant.GOOD)));

    camera.evidence(camera.report(nonce, Plant.GOOD)).expect(200);
  }

  @Test
  void anotherMediaTypeIs415() {
    String report = camera.report(camera.nonce(), Plant.OLD);
    for (String mediaType : List.of("application/jwt", "application/json", "text/plain")) {
      assertProblem(
          415,
          "unsupported-evidence",
          plant.post(
              camera.identity(),
              "/attest/v1/evidence",
              mediaType,
              BodyPublishers.ofString(report)));
    }
    assertTrue(camera.may(Plant.VIDEO));
  }

  @Test
  void aBodyThatIsTooLargeIs413() {
    assertProblem(413, "too-large", camera.evidence("a".repeat(64 * 1024 + 1)));
    assertProblem(
        413,
        "too-large",
        plant.post(
            camera.identity(),
            "/attest/v1/challenges",
            "application/json",
            BodyPublishers.ofString(" ".repeat(65))));
    assertTrue(camera.may(Plant.VIDEO));
  }

  @Test
  void aBodyThatIsTooLargeIs413OverHttp2Too() {
    try (HttpClient client = HttpClient.newBuilder()
        .sslContext(wire.tls(camera.identity()))
        .version(HttpClient.Version.HTTP_2)
        .build()) {
      Answer answer = Answer.to(
          client,
          wire.device("/attest/v1/evidence")
              .header("Content-Type", "application/eat+jwt")
              .POST(BodyPublishers.ofByteArray(new byte[1024 * 1024]))
              .build());
      assertProblem(413, "too-large", answer);
    }
  }

  @Test
  void withoutADeviceCertificateItIs401() {
    Identity stranger = TestPki.manufacturer("attest-stranger").idevid("A-1");
    for (String path : List.of("/attest/v1/challenges", "/attest/v1/evidence")) {
      assertProblem(
          401,
          "unauthenticated",
          plant.post(null, path, "application/eat+jwt", BodyPublishers.noBody()));
      assertProblem(
          401,
          "unauthenticated",
          plant.post(camera.idevid(), path, "application/eat+jwt", BodyPublishers.noBody()));
      assertProblem(
          401,
          "unauthenticated",
          plant.post(
              plant.enforcementPoint(), path, "application/eat+jwt", BodyPublishers.noBody()));
      assertProblem(
          401,
          "unauthenticated",
          plant.post(stranger, path, "application/eat+jwt", BodyPublishers.noBody()));
    }
  }

  @Test
  void aSupersededCertificateIsRefused() {
    Unit unit = plant.attested("A-4");
    Identity first = unit.identity();
    KeyPair keys = TestPki.key();
    Answer renewed = unit.renew(keys).expect(200);
    Identity second = new Identity(keys, Wire.certificates(renewed.body()));
    plant
        .post(second, "/attest/v1/challenges", "application/json", BodyPublishers.ofString("{}"))
        .expect(201);

    assertProblem(
        403,
        "forbidden",
        plant.post(
            first, "/attest/v1/challenges", "application/json", BodyPublishers.ofString("{}")));
    assertFalse(
        plant
            .evaluate(plant.enforcementPoint(), "certificate", unit.thumbprint(), Plant.VIDEO)
            .json()
            .get("decision")
            .asBoolean(),
        "the superseded certificate is permitted");
    assertTrue(
        plant
            .evaluate(
                plant.enforcementPoint(),
                "certificate",
                Plant.sha256(second.certificate()),
                Plant.VIDEO)
            .json()
            .get("decision")
            .asBoolean(),
        "its successor is denied");
  }

  @Test
  void anotherMethodIs405() {
    Answer answer = plant.get(camera.identity(), "/attest/v1/evidence").expect(405);
    assertEquals("POST", answer.header("Allow"));
  }

  private String appraisal() {
    return plant
        .person("GET", "/api/v1/devices/" + camera.id(), null)
        .expect(200)
        .json()
        .at("/appraisal/id")
        .asText();
  }

  private static void assertProblem(int status, String slug, Answer answer) {
    assertEquals(
        "urn:sallyport:problem:" + slug,
        answer.expect(status).json().path("type").asText(),
        answer.toString());
    assertEquals("application/problem+json", answer.header("Content-Type"));
    assertFalse(answer.text().contains("io.sallyport"), "the inside shows: " + answer);
  }
}
