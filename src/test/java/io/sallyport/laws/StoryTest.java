package io.sallyport.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.SignedJWT;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Flow;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The story of DESIGN.md for one device at a time. */
@QuarkusTest
class StoryTest extends ServerTest {
  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @BeforeEach
  void openPlant() {
    if (plant == null) {
      plant = Plant.open(wire, "story");
    }
  }

  @AfterAll
  void closePlant() {
    plant.close();
  }

  @Test
  void aDeviceWithGoodFirmwareGetsExactlyWhatItNeeds() throws Exception {
    Unit camera = plant.enrolled("S-1");
    assertFalse(camera.may(Plant.VIDEO), "permitted before it attested");
    assertDenied(camera.token(Plant.VIDEO));

    JsonNode result = camera.attest(Plant.GOOD).expect(200).json();
    assertEquals("warning", result.get("status").asText());
    assertEquals(32, result.at("/claims/executables/value").asInt());
    assertEquals("warning", result.at("/claims/executables/tier").asText());
    assertEquals("signed-software", result.at("/claims/executables/assurance").asText());
    assertEquals(2, result.at("/claims/instance-identity/value").asInt());
    assertEquals(2, result.at("/claims/configuration/value").asInt());
    assertEquals(0, result.at("/claims/hardware/value").asInt());

    Answer token = camera.token(Plant.VIDEO).expect(200);
    assertEquals("no-store", token.header("Cache-Control"));
    assertEquals("Bearer", token.json().get("token_type").asText());
    SignedJWT grant = SignedJWT.parse(token.json().get("access_token").asText());
    JWKSet keys = JWKSet.parse(plant.get(null, "/oauth2/jwks").expect(200).text());
    assertTrue(
        grant.verify(
            new ECDSAVerifier(keys.getKeyByKeyId(grant.getHeader().getKeyID()).toECKey())),
        "the token's signature does not verify with the published keys");
    String thumbprint = Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(HexFormat.of().parseHex(camera.thumbprint()));
    assertEquals(thumbprint, grant.getJWTClaimsSet().getJSONObjectClaim("cnf").get("x5t#S256"));
    assertEquals(camera.id(), grant.getJWTClaimsSet().getSubject());
    assertEquals(
        "vms.plant.example", token.json().at("/authorization_details/0/peer").asText());
    assertEquals(8554, token.json().at("/authorization_details/0/port").asInt());
    assertEquals(1, token.json().get("authorization_details").size());

    assertTrue(camera.may(Plant.VIDEO));
    assertTrue(plant
        .evaluate(plant.enforcementPoint(), "certificate", camera.thumbprint(), Plant.VIDEO)
        .expect(200)
        .json()
        .get("decision")
        .asBoolean());
    for (Flow other : List.of(
        new Flow("vms.plant.example", "tcp", 8555),
        new Flow("vms.plant.example", "udp", 8554),
        new Flow("historian.plant.example", "tcp", 8554))) {
      JsonNode decision = camera.decision(other);
      assertFalse(decision.get("decision").asBoolean(), other.toString());
      assertFalse(decision.at("/context/reasons").isEmpty(), "no reason for " + other);
      assertDenied(camera.token(other));
      assertDenied(camera.token(Plant.VIDEO, other));
    }
  }

  @Test
  void oldFirmwareIsCutOffUntilItIsUpdated() {
    Unit camera = plant.enrolled("S-2");

    JsonNode old = camera.attest(Plant.OLD).expect(200).json();
    assertEquals("contraindicated", old.get("status").asText());
    assertEquals(96, old.at("/claims/executables/value").asInt());
    assertDenied(camera.token(Plant.VIDEO));
    JsonNode decision = camera.decision(Plant.VIDEO);
    assertFalse(decision.get("decision").asBoolean());
    assertEquals("vlan", decision.at("/context/obligations/0/type").asText());
    assertEquals("quarantine", decision.at("/context/obligations/0/id").asText());
    assertEquals(666, decision.at("/context/obligations/0/properties/vlan").asInt());

    assertEquals(
        "warning", camera.attest(Plant.GOOD).expect(200).json().get("status").asText());
    camera.token(Plant.VIDEO).expect(200);
    assertTrue(camera.may(Plant.VIDEO));
  }

  @Test
  void aDowngradeTakesThePermitAwayInTheNextRequest() {
    Unit camera = plant.attested("S-3");
    assertTrue(camera.may(Plant.VIDEO));

    camera.attest(Plant.OLD).expect(200);

    assertFalse(camera.may(Plant.VIDEO));
    assertDenied(camera.token(Plant.VIDEO));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    // state,      attest, renew
    "quarantined, quarantine, 201, 200",
    "suspended, suspend, 403, 403",
    "decommissioned, decommission, 403, 403"
  })
  void whatAStateTakesAwayIsGoneInTheNextRequest(
      String state, String act, int challenge, int renewal) {
    Unit camera = plant.attested("S-4-" + state);
    assertTrue(camera.may(Plant.VIDEO));
    camera.token(Plant.VIDEO).expect(200);

    assertEquals(state, camera.become(act).expect(200).json().get("state").asText());

    JsonNode decision = camera.decision(Plant.VIDEO);
    assertFalse(decision.get("decision").asBoolean());
    assertEquals(
        state.equals("quarantined"),
        decision.at("/context/obligations/0").isObject(),
        "the quarantine network is for a quarantined device: " + decision);
    assertFalse(plant
        .evaluate(plant.enforcementPoint(), "certificate", camera.thumbprint(), Plant.VIDEO)
        .expect(200)
        .json()
        .get("decision")
        .asBoolean());
    assertDenied(camera.token(Plant.VIDEO));
    camera.challenge().expect(challenge);
    camera.renew().expect(renewal);
  }

  @Test
  void aQuarantinedDeviceRecoversAndIsReleased() {
    Unit camera = plant.attested("S-5");
    camera.become("quarantine").expect(200);
    camera.attest(Plant.GOOD).expect(200);
    assertFalse(camera.may(Plant.VIDEO), "attesting is not enough to leave quarantine");

    camera.become("release").expect(200);

    assertTrue(camera.may(Plant.VIDEO));
    camera.token(Plant.VIDEO).expect(200);
  }

  @Test
  void aSuspendedDeviceIsReleasedToWhatItHad() {
    Unit camera = plant.attested("S-6");
    camera.become("suspend").expect(200);

    assertEquals(
        "active", camera.become("release").expect(200).json().get("state").asText());

    assertTrue(camera.may(Plant.VIDEO));
  }

  @Test
  void afterDecommissionEverythingIsRefused() {
    Unit camera = plant.attested("S-7");
    String nonce = camera.nonce();
    camera.become("decommission").expect(200);

    camera.challenge().expect(403);
    camera.evidence(camera.report(nonce, Plant.GOOD)).expect(403);
    assertDenied(camera.token(Plant.VIDEO));
    assertDenied(camera.token());
    camera.renew().expect(403);
    camera.enrollAgain().expect(403);
    camera.become("release").expect(409);
    camera.become("quarantine").expect(409);
    assertEquals(
        "decommissioned",
        camera.become("decommission").expect(200).json().get("state").asText());
    JsonNode device =
        plant.person("GET", "/api/v1/devices/" + camera.id(), null).expect(200).json();
    assertEquals("revoked", device.at("/certificates/0/status").asText());
    assertEquals(
        "cessation-of-operation", device.at("/certificates/0/revocation_reason").asText());
  }

  @Test
  void aRevokedCertificateDeniesInTheNextRequest() {
    Unit camera = plant.attested("S-8");
    assertTrue(camera.may(Plant.VIDEO));
    String serial = camera.identity().certificate().getSerialNumber().toString(16);

    plant
        .person(
            "POST",
            "/api/v1/certificates/devices/" + serial + "/revoke",
            Map.of("reason", "key-compromise"))
        .expect(200);

    assertFalse(camera.may(Plant.VIDEO));
    assertDenied(camera.token(Plant.VIDEO));
    camera.challenge().expect(403);
    camera.renew().expect(403);
  }

  @Test
  void aPolicyThatIsWithdrawnDeniesInTheNextRequest() {
    try (Plant other = Plant.open(wire, "story-withdrawn")) {
      Unit camera = other.attested("S-9");
      assertTrue(camera.may(Plant.VIDEO));

      other.person("DELETE", "/api/v1/policies/story-withdrawn", null).expect(204);

      assertFalse(camera.may(Plant.VIDEO));
      assertDenied(camera.token(Plant.VIDEO));
      other.policy("PT10M");
      assertTrue(camera.may(Plant.VIDEO));
    }
  }

  private static void assertDenied(Answer answer) {
    assertEquals("access_denied", answer.expect(403).json().path("error").asText());
    assertFalse(answer.json().path("error_description").asText().isEmpty(), "no reason");
  }
}
