package io.sallyport.door.oauth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import java.net.URLEncoder;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The token endpoint over mutual TLS: RFC 6749, 8414, 8705, 9396, and law 4. */
@QuarkusTest
class OAuthWireTest extends ServerTest {
  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @SuppressWarnings("NullAway.Init")
  private Unit camera;

  @BeforeEach
  void openPlant() {
    if (plant == null) {
      plant = Plant.open(wire, "oauth");
      camera = plant.attested("O-1");
    }
  }

  @AfterAll
  void closePlant() {
    plant.close();
  }

  @Test
  void theMetadataNamesEveryEndpoint() {
    JsonNode metadata =
        plant.get(null, "/.well-known/oauth-authorization-server").expect(200).json();

    assertEquals(wire.devices(), metadata.get("issuer").asText());
    assertEquals(
        wire.devices() + "/oauth2/token", metadata.get("token_endpoint").asText());
    assertEquals(wire.devices() + "/oauth2/jwks", metadata.get("jwks_uri").asText());
    assertEquals("client_credentials", metadata.at("/grant_types_supported/0").asText());
    assertEquals(
        "tls_client_auth",
        metadata.at("/token_endpoint_auth_methods_supported/0").asText());
    assertEquals(
        "network_flow", metadata.at("/authorization_details_types_supported/0").asText());
    assertTrue(metadata.get("tls_client_certificate_bound_access_tokens").asBoolean());
  }

  @Test
  void thePublishedKeysHaveNoPrivatePart() {
    JsonNode keys = plant.get(null, "/oauth2/jwks").expect(200).json().get("keys");

    assertFalse(keys.isEmpty());
    keys.forEach(key -> assertFalse(key.has("d"), "a private key is published"));
  }

  @ParameterizedTest(name = "{1} {2}: {0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "''                                                             | 400 | invalid_request",
        "scope=all                                                      | 400 | invalid_request",
        "grant_type=password                                            | 400 | unsupported_grant_type",
        "grant_type=client_credentials&grant_type=client_credentials    | 400 | invalid_request",
        "grant_type=client_credentials&client_secret=x                  | 400 | invalid_request",
        "grant_type=client_credentials&client_id=somebody-else          | 401 | invalid_client",
        "grant_type=%zz                                                 | 400 | invalid_request"
      })
  void aRequestThatIsNotAsItMustBeIsRefused(String form, int status, String error) {
    assertError(status, error, camera.form(form));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "no json",
        "{}",
        "[]",
        "[1]",
        "[{\"type\":\"other\",\"peer\":\"vms.plant.example\",\"protocol\":\"tcp\",\"port\":8554}]",
        "[{\"type\":\"network_flow\",\"protocol\":\"tcp\",\"port\":8554}]",
        "[{\"type\":\"network_flow\",\"peer\":\"vms.plant.example\",\"protocol\":\"sctp\",\"port\":8554}]",
        "[{\"type\":\"network_flow\",\"peer\":\"vms.plant.example\",\"protocol\":\"tcp\",\"port\":70000}]",
        "[{\"type\":\"network_flow\",\"peer\":\"vms.plant.example\",\"protocol\":\"tcp\",\"port\":\"8554\"}]",
        "[{\"type\":\"network_flow\",\"peer\":\"vms.plant.example\",\"protocol\":\"tcp\",\"port\":8554,\"for\":\"ever\"}]"
      })
  void authorizationDetailsThatAreNotAsTheyMustBeAreRefused(String details) {
    assertError(
        400,
        "invalid_authorization_details",
        camera.form("grant_type=client_credentials&authorization_details="
            + URLEncoder.encode(details, StandardCharsets.UTF_8)));
  }

  @Test
  void anotherMediaTypeIsRefused() {
    assertError(
        400,
        "invalid_request",
        plant.post(
            camera.identity(),
            "/oauth2/token",
            "application/json",
            BodyPublishers.ofString("{\"grant_type\":\"client_credentials\"}")));
  }

  @Test
  void aBodyThatIsTooLargeIsRefused() {
    assertError(413, "invalid_request", camera.form("grant_type=" + "a".repeat(16 * 1024)));
  }

  @Test
  void whoIsNoDeviceIsNoClient() {
    String form = "grant_type=client_credentials";
    String type = "application/x-www-form-urlencoded";
    assertError(
        401,
        "invalid_client",
        plant.post(null, "/oauth2/token", type, BodyPublishers.ofString(form)));
    assertError(
        401,
        "invalid_client",
        plant.post(camera.idevid(), "/oauth2/token", type, BodyPublishers.ofString(form)));
    assertError(
        401,
        "invalid_client",
        plant.post(plant.enforcementPoint(), "/oauth2/token", type, BodyPublishers.ofString(form)));
  }

  @Test
  void anotherMethodIs405() {
    assertEquals(
        "POST", plant.get(camera.identity(), "/oauth2/token").expect(405).header("Allow"));
  }

  @Test
  void theDeviceMayNameItself() {
    camera.form("grant_type=client_credentials&client_id=" + camera.id()).expect(200);
  }

  @Test
  void withoutFlowsAllThatPolicyPermitsIsGranted() {
    JsonNode details = camera.token().expect(200).json().get("authorization_details");

    assertEquals(1, details.size());
    assertEquals(Plant.VIDEO.peer(), details.at("/0/peer").asText());
    assertEquals(Plant.VIDEO.port(), details.at("/0/port").asInt());
  }

  @Test
  void everyGrantIsAFactBeforeItsTokenLeaves() throws ParseException {
    JWTClaimsSet token = claims(camera.token(Plant.VIDEO).expect(200));

    JsonNode fact = plant.fact(token.getJWTID(), "grant.issued");
    assertEquals("device:" + camera.id(), fact.get("actor").asText());
    assertEquals(camera.id(), fact.at("/detail/device").asText());
    assertEquals(camera.thumbprint(), fact.at("/detail/thumbprint").asText());
  }

  @Test
  void aRefusedGrantIsAFactWithItsReasons() {
    Unit unit = plant.enrolled("O-2");
    unit.token(Plant.VIDEO).expect(403);

    assertFalse(
        plant.fact(unit.id(), "grant.refused").at("/detail/reasons").asText().isEmpty());
  }

  @Test
  void aRequestForAnotherClientIsAFact() {
    Unit unit = plant.attested("O-3");
    unit.form("grant_type=client_credentials&client_id=" + UUID.randomUUID()).expect(401);

    plant.fact(unit.id(), "grant.refused", "invalid-client");
  }

  /** Law 4. The certificate's end, 90 days away, is in {@code DecidedGrantsTest}: no policy may grant for as long. */
  @ParameterizedTest(name = "an appraisal of {0}, a policy of {1}")
  @CsvSource({"PT15M, PT10M", "PT1M, PT10M", "PT2H, PT24H", "PT30M, PT5S"})
  void aGrantEndsWithTheFirstOfAllThatItStandsOn(Duration validity, Duration ttl)
      throws ParseException {
    try (Plant other =
        Plant.open(wire, ("oauth-" + validity + "-" + ttl).toLowerCase(Locale.ROOT))) {
      other.profile(validity.toString());
      other.policy(ttl.toString());
      Unit unit = other.enrolled("O-4");
      Instant appraisalEnds = Instant.parse(
          unit.attest(Plant.GOOD).expect(200).json().get("expires_at").asText());

      Answer answer = unit.token(Plant.VIDEO).expect(200);

      JWTClaimsSet token = claims(answer);
      Instant issued = token.getIssueTime().toInstant();
      Instant ends = token.getExpirationTime().toInstant();
      Instant policyEnds = issued.plus(ttl);
      Instant first = policyEnds.isBefore(appraisalEnds) ? policyEnds : appraisalEnds;
      assertEquals(first.getEpochSecond(), ends.getEpochSecond());
      assertTrue(ends.isBefore(unit.identity().certificate().getNotAfter().toInstant()));
      assertEquals(
          Duration.between(issued, ends).toSeconds(),
          answer.json().get("expires_in").asLong());
    }
  }

  @Test
  void whenTheAppraisalEndsEverythingThatStandsOnItEnds() throws ParseException {
    try (Plant brief = Plant.open(wire, "oauth-brief")) {
      brief.profile("PT10S");
      Unit unit = brief.enrolled("O-5");
      Instant ends = Instant.parse(
          unit.attest(Plant.GOOD).expect(200).json().get("expires_at").asText());
      assertTrue(unit.may(Plant.VIDEO));
      Instant tokenEnds =
          claims(unit.token(Plant.VIDEO).expect(200)).getExpirationTime().toInstant();
      assertFalse(tokenEnds.isAfter(ends));

      Patience.untilTrue("a deny after the appraisal's end", () -> {
        Instant before = Instant.now();
        boolean permitted = unit.may(Plant.VIDEO);
        assertTrue(
            permitted ? before.isBefore(ends) : !Instant.now().isBefore(ends),
            "permitted " + permitted + " at " + before);
        return !permitted;
      });

      assertError(403, "access_denied", unit.token(Plant.VIDEO));
      unit.attest(Plant.GOOD).expect(200);
      assertTrue(unit.may(Plant.VIDEO));
    }
  }

  private static JWTClaimsSet claims(Answer answer) throws ParseException {
    return SignedJWT.parse(answer.json().get("access_token").asText()).getJWTClaimsSet();
  }

  private static void assertError(int status, String error, Answer answer) {
    assertEquals(error, answer.expect(status).json().get("error").asText(), answer.toString());
    assertTrue(
        answer
            .json()
            .get("error_description")
            .asText()
            .matches("[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]+"),
        answer.toString());
    assertEquals("no-store", answer.header("Cache-Control"));
    assertFalse(answer.text().contains("io.sallyport"), "the inside shows: " + answer);
  }
}
