package io.sallyport.door.attest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.SignedJWT;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.Digest;
import io.sallyport.testing.Answer;
import io.sallyport.testing.Database;
import io.sallyport.testing.Plant;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.Tpm;
import io.sallyport.testing.Tpm.AttestationKey;
import io.sallyport.testing.TpmUnit;
import java.net.http.HttpRequest.BodyPublishers;
import java.security.cert.X509Certificate;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.x500.X500Name;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A device with a TPM: swtpm, tpm2-tools and the server, over the wire. */
@QuarkusTest
class TpmWireTest extends ServerTest {
  private static final String ZERO = "0".repeat(64);

  /** Set before the first test. */
  @SuppressWarnings("NullAway.Init")
  private Plant plant;

  @SuppressWarnings("NullAway.Init")
  private Tpm maker;

  @BeforeEach
  void openPlant() {
    if (plant == null) {
      maker = Tpm.start();
      plant = Plant.open(wire, "tpm-wire");
      wire.admin(
          "PUT",
          "/api/v1/tpm-roots/tpm-wire",
          Map.of("anchors", List.of(TestPki.pem(maker.root()))));
      wire.document("/api/v1/profiles/tpm-wire", """
          apiVersion: sallyport.io/v1
          kind: DeviceProfile
          metadata: {name: tpm-wire}
          spec:
            attestation:
              secureBoot: true
              tpm:
                pcrs:
                  sha256: {"0": ["%s"], "7": ["%s"]}
          """.formatted(ZERO, ZERO));
      plant.policySpec("""
          posture:
            executables: {tier: affirming, assurance: hardware}
            instance-identity: {tier: affirming, assurance: hardware}
          allow:
            - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
          """);
    }
  }

  @AfterAll
  void closePlant() {
    plant.close();
    maker.close();
  }

  @Test
  void aQuoteOpensTheGateAndAnExtendedPcrClosesIt() {
    try (Tpm tpm = maker.sibling()) {
      TpmUnit device = TpmUnit.enrolled(plant, "T-1", tpm).activate();
      assertFalse(device.unit().may(Plant.VIDEO));

      JsonNode appraisal = device.attest("sha256:0,7").expect(200).json();
      assertEquals("affirming", appraisal.get("status").asText(), appraisal.toString());
      for (String claim :
          List.of("instance-identity", "executables", "configuration", "hardware")) {
        assertEquals(2, appraisal.at("/claims/" + claim + "/value").asInt(), claim);
        assertEquals("hardware", appraisal.at("/claims/" + claim + "/assurance").asText());
      }
      device.unit().token(Plant.VIDEO).expect(200);
      assertTrue(device.unit().may(Plant.VIDEO));

      tpm.extend(7, new byte[32]);
      JsonNode after = device.attest("sha256:0,7").expect(200).json();
      assertEquals("contraindicated", after.get("status").asText());
      assertEquals(96, after.at("/claims/executables/value").asInt());
      assertTrue(after.at("/claims/executables/reason").asText().contains("PCR 7 (sha256)"));
      device.unit().token(Plant.VIDEO).expect(403);
      assertFalse(device.unit().may(Plant.VIDEO));
    }
  }

  @Test
  void eachPartOfTheStoryIsAFact() {
    try (Tpm tpm = maker.sibling()) {
      TpmUnit device = TpmUnit.enrolled(plant, "T-2", tpm).activate();
      String id = device.unit().id();
      plant.fact(id, "attestation-key.offered");
      JsonNode activated = plant.fact(id, "attestation-key.activated");
      JsonNode issued = plant.fact(id, "certificate.issued");
      assertEquals("attestation-key", issued.get("subject_type").asText());
      assertEquals(
          issued.at("/detail/serial").asText(), activated.at("/detail/serial").asText());
      assertEquals(
          Digest.of(tpm.ekCertificate().getPublicKey().getEncoded()).hex(),
          activated.at("/detail/endorsement_key").asText());

      // Power goes and comes: the PCRs are the same, and the counters went forward.
      device.attest("sha256:0,7").expect(200);
      tpm.powerCycle();
      assertEquals(
          "affirming",
          device.attest("sha256:0,7").expect(200).json().get("status").asText());
      tpm.powerLoss();
      JsonNode lost = device.attest("sha256:0,7").expect(200).json();
      assertEquals(32, lost.at("/claims/hardware/value").asInt(), lost.toString());
      assertEquals(2, lost.at("/claims/executables/value").asInt());
      device.unit().token(Plant.VIDEO).expect(200);
    }
  }

  @Test
  void anAttestationKeysCertificateOpensNothing() throws Exception {
    try (Tpm tpm = maker.sibling()) {
      TpmUnit device = TpmUnit.enrolled(plant, "T-3", tpm).activate();
      X509Certificate certificate = device.akCertificate();
      assertEquals(List.of("2.23.133.8.3"), certificate.getExtendedKeyUsage());
      assertEquals(-1, certificate.getBasicConstraints());
      device.attest("sha256:0,7").expect(200);

      assertFalse(plant
          .evaluate(plant.enforcementPoint(), "certificate", Plant.sha256(certificate), Plant.VIDEO)
          .json()
          .get("decision")
          .asBoolean());
      Answer labelled = Answer.of(wire.est(
          "attestation-key/simpleenroll",
          device.unit().idevid(),
          null,
          TestPki.request(TestPki.key(), "CN=T-3", null)));
      assertEquals(403, labelled.status(), labelled.toString());

      // What is revoked with the device, and at once.
      Map<String, Object> quote = device.quote(device.unit().nonce(), "sha256:0,7");
      String path =
          "/api/v1/certificates/internal/" + certificate.getSerialNumber().toString(16);
      assertTrue(wire.admin("GET", path, null).get("revocation_reason").isNull());
      plant.person("POST", path + "/revoke", Map.of("reason", "key-compromise")).expect(200);
      assertProblem(403, "evidence-signature", device.send(quote));
    }
  }

  @Test
  void aDecommissionRevokesTheAttestationKeyToo() {
    try (Tpm tpm = maker.sibling()) {
      TpmUnit device = TpmUnit.enrolled(plant, "T-4", tpm).activate();
      plant
          .person(
              "POST",
              "/api/v1/devices/" + device.unit().id() + "/decommission",
              Map.of("reason", "a test", "revocation_reason", "cessation-of-operation"))
          .expect(200);

      JsonNode certificate = wire.admin(
          "GET",
          "/api/v1/certificates/internal/"
              + device.akCertificate().getSerialNumber().toString(16),
          null);
      assertTrue(certificate.toString().contains("cessation-of-operation"), certificate.toString());
    }
  }

  @Test
  void aQuoteCountsOnceAndForItsOwnDeviceOnly() {
    try (Tpm tpm = maker.sibling()) {
      TpmUnit device = TpmUnit.enrolled(plant, "T-5", tpm).activate();
      TpmUnit other = TpmUnit.enrolled(plant, "T-6", maker);
      Map<String, Object> quote = device.quote(device.unit().nonce(), "sha256:0,7");
      device.send(quote).expect(200);
      assertProblem(403, "wrong-nonce", device.send(quote));

      // Relayed: an honest machine's TPM quotes for another that has none to show.
      Map<String, Object> relayed = device.quote(other.unit().nonce(), "sha256:0,7");
      assertProblem(403, "evidence-signature", other.send(relayed));
      plant.fact(other.unit().id(), "attestation.refused", "evidence-signature");
      assertFalse(other.unit().may(Plant.VIDEO));

      // A device whose TPM spoke against it does not speak for itself.
      tpm.extend(0, new byte[32]);
      assertEquals(
          "contraindicated",
          device.attest("sha256:0,7").expect(200).json().get("status").asText());
      assertProblem(415, "unsupported-evidence", device.unit().attest(Plant.GOOD));
      assertFalse(device.unit().may(Plant.VIDEO));
    }
  }

  @Test
  void aKeyThatIsActivatedAnewReplacesTheOneBefore() {
    try (Tpm tpm = maker.sibling()) {
      TpmUnit device = TpmUnit.enrolled(plant, "T-7", tpm).activate();
      X509Certificate first = device.akCertificate();
      device.activate(device.ak());
      assertEquals(first, device.akCertificate(), "a retry is a second certificate");
      device.attest("sha256:0,7").expect(200);

      device.activate(device.ak());
      assertNotEquals(first, device.akCertificate());
      device.attest("sha256:0,7").expect(200);
      Map<String, Object> stale = device.quote(device.unit().nonce(), "sha256:0,7");
      stale.put("ak_certificate", Tpm.base64(first));
      assertProblem(403, "evidence-signature", device.send(stale));
    }
  }

  @Test
  void aSecretIsAnsweredOnceAndInTime() throws Exception {
    try (Tpm tpm = maker.sibling()) {
      TpmUnit device = TpmUnit.enrolled(plant, "T-8", tpm);
      AttestationKey ak = tpm.attestationKey("ecc");
      JsonNode offer = device.post("aks", device.offer(ak)).expect(201).json();
      byte[] secret =
          tpm.activate(ak, Base64.getDecoder().decode(offer.get("credential").asText()));
      String id = offer.get("id").asText();

      Plant.Unit stranger = plant.enrolled("T-9");
      assertProblem(
          404,
          "unknown-offer",
          plant.post(
              stranger.identity(),
              "/attest/v1/aks/" + id + "/activate",
              "application/json",
              BodyPublishers.ofString(
                  "{\"secret\":\"" + Base64.getEncoder().encodeToString(secret) + "\"}")));
      device.answer(id, secret).expect(200);
      assertProblem(403, "offer-over", device.answer(id, secret));
      plant.fact(device.unit().id(), "attestation-key.refused", "offer-over");

      String guessed =
          device.post("aks", device.offer(ak)).expect(201).json().get("id").asText();
      assertProblem(403, "wrong-secret", device.answer(guessed, new byte[32]));
      assertProblem(403, "offer-over", device.answer(guessed, new byte[32]));

      JsonNode late = device.post("aks", device.offer(ak)).expect(201).json();
      byte[] lateSecret =
          tpm.activate(ak, Base64.getDecoder().decode(late.get("credential").asText()));
      expire(late.get("id").asText());
      assertProblem(403, "offer-over", device.answer(late.get("id").asText(), lateSecret));
      assertProblem(
          404, "unknown-offer", device.answer("019aac00-0000-7000-8000-000000000001", secret));
      assertProblem(404, "not-found", device.answer("x", secret));
    }
  }

  @Test
  void anEndorsementKeyStaysOnItsHardwareUnit() {
    try (Tpm tpm = maker.sibling()) {
      TpmUnit.enrolled(plant, "T-10", tpm).activate();
      TpmUnit thief = TpmUnit.enrolled(plant, "T-11", tpm);
      AttestationKey ak = tpm.attestationKey("ecc");
      JsonNode offer = thief.post("aks", thief.offer(ak)).expect(201).json();
      byte[] secret =
          tpm.activate(ak, Base64.getDecoder().decode(offer.get("credential").asText()));

      assertProblem(403, "duplicate-key", thief.answer(offer.get("id").asText(), secret));
      plant.fact(thief.unit().id(), "attestation-key.refused", "duplicate-key");
      plant.fact(thief.unit().id(), "security.attestation-key-moved");
    }
  }

  @Test
  void keysThatAreNotThoseOfATrustedTpmAreRefused() {
    try (Tpm tpm = maker.sibling();
        Tpm unknown = Tpm.start()) {
      TpmUnit device = TpmUnit.enrolled(plant, "T-12", tpm);
      AttestationKey ak = tpm.attestationKey("rsassa");
      Map<String, Object> good = device.offer(ak);
      device.post("aks", good).expect(201);

      X509Certificate anotherUse = TestPki.certify(
          new X500Name("CN=TPM"),
          TestPki.rsa(2048),
          plant.manufacturer().authority(),
          Instant.now().minusSeconds(60),
          Instant.now().plusSeconds(3600),
          false,
          null);
      Map<String, Object> stranger = new LinkedHashMap<>(good);
      stranger.put("ek_certificate", Tpm.base64(unknown.ekCertificate()));
      stranger.put("ek_chain", List.of(Tpm.base64(unknown.issuer())));
      assertProblem(403, "untrusted-endorsement-key", device.post("aks", stranger));
      stranger.put("ek_chain", List.of(Tpm.base64(unknown.issuer()), Tpm.base64(unknown.root())));
      assertProblem(403, "untrusted-endorsement-key", device.post("aks", stranger));
      assertProblem(
          403, "untrusted-endorsement-key", device.post("aks", with(good, "ek_chain", List.of())));
      assertProblem(
          501,
          "not-supported",
          device.post("aks", with(good, "ek_certificate", Tpm.base64(tpm.eccEkCertificate()))));
      assertProblem(
          403,
          "untrusted-endorsement-key",
          device.post("aks", with(good, "ek_certificate", Tpm.base64(anotherUse))));
      for (AttestationKey odd : List.of(
          tpm.attestationKey("ecc", "sha1"),
          tpm.keyWith("fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign"),
          tpm.keyWith("sensitivedataorigin|userwithauth|sign"))) {
        assertProblem(400, "invalid-attestation-key", device.post("aks", device.offer(odd)));
      }
      plant.fact(device.unit().id(), "attestation-key.refused", "invalid-attestation-key");
    }
  }

  @Test
  void bodiesOfAnotherFormAreRefused() {
    Plant.Unit unit = plant.enrolled("T-13");
    for (String body : List.of(
        "",
        "[]",
        "{}",
        "{\"ek_certificate\":\"AA==\"}",
        "{\"more\":1}",
        "{\"a\":1,\"a\":1}",
        "{}{}",
        "{\"ek_certificate\":\"AA\",\"ak_public\":\"AA==\"}",
        "{\"ek_certificate\":\"AA==\",\"ek_chain\":\"AA==\",\"ak_public\":\"AA==\"}")) {
      assertProblem(400, "malformed", json(unit, "/attest/v1/aks", body));
    }
    assertProblem(
        400,
        "invalid-attestation-key",
        json(unit, "/attest/v1/aks", "{\"ek_certificate\":\"AA==\",\"ak_public\":\"AA==\"}"));
    assertProblem(413, "too-large", json(unit, "/attest/v1/aks", " ".repeat(96 * 1024 + 1)));
    String activate = "/attest/v1/aks/019aac00-0000-7000-8000-000000000001/activate";
    assertProblem(413, "too-large", json(unit, activate, " ".repeat(257)));
    assertProblem(400, "malformed", json(unit, activate, "{\"secret\":\"\"}"));
    for (String path : List.of("/attest/v1/aks", activate)) {
      assertProblem(
          401,
          "unauthenticated",
          plant.post(null, path, "application/json", BodyPublishers.ofString("{}")));
      assertProblem(
          401,
          "unauthenticated",
          plant.post(
              plant.enforcementPoint(), path, "application/json", BodyPublishers.ofString("{}")));
      assertProblem(405, "method-not-allowed", plant.get(unit.identity(), path));
    }
  }

  @Test
  void resultsCanBeCheckedWithThePublishedKeys() throws Exception {
    Plant reports = Plant.open(wire, "tpm-wire-reports");
    try {
      Plant.Unit unit = reports.enrolled("T-14");
      SignedJWT ear =
          SignedJWT.parse(unit.attest(Plant.GOOD).expect(200).json().get("ear").asText());
      JWKSet keys = JWKSet.parse(plant.get(null, "/attest/v1/jwks").expect(200).text());

      ECKey key = keys.getKeyByKeyId(ear.getHeader().getKeyID()).toECKey();
      assertFalse(key.isPrivate());
      assertTrue(ear.verify(new ECDSAVerifier(key)));
    } finally {
      reports.close();
    }
  }

  @Test
  void rootsAreKeptByPeople() {
    String path = "/api/v1/tpm-roots/tpm-wire-kept";
    String pem = TestPki.pem(maker.root());
    plant.person("GET", path, null).expect(404);
    plant.person("DELETE", path, null).expect(404);
    JsonNode root =
        plant.person("PUT", path, Map.of("anchors", List.of(pem))).expect(200).json();
    assertEquals(pem, root.at("/anchors/0").asText());
    plant.person("PUT", path, Map.of("anchors", List.of(pem))).expect(200);
    assertEquals(root, plant.person("GET", path, null).expect(200).json());
    assertTrue(plant
        .person("GET", "/api/v1/tpm-roots", null)
        .expect(200)
        .text()
        .contains("tpm-wire-kept"));
    plant.fact("tpm-wire-kept", "tpm-root.applied");

    for (List<String> bad : List.of(
        List.<String>of(),
        List.of(TestPki.pem(maker.ekCertificate())),
        List.of(TestPki.pem(wire.root())))) {
      plant.person("PUT", path, Map.of("anchors", bad)).expect(422);
    }
    plant.person("PUT", path, Map.of("anchors", List.of("no PEM"))).expect(400);
    plant
        .person("PUT", "/api/v1/tpm-roots/Upper", Map.of("anchors", List.of(pem)))
        .expect(422);
    plant.person("DELETE", path, null).expect(204);
    plant.fact("tpm-wire-kept", "tpm-root.removed");
    plant.person("GET", path, null).expect(404);
  }

  private Answer json(Plant.Unit unit, String path, String body) {
    return plant.post(unit.identity(), path, "application/json", BodyPublishers.ofString(body));
  }

  /** As if its five minutes were over. */
  private static void expire(String offer) throws SQLException {
    try (Connection database = Database.connect();
        PreparedStatement update = database.prepareStatement(
            "update attestation_key_offer set expires_at = created_at where id = ?::uuid")) {
      update.setString(1, offer);
      assertEquals(1, update.executeUpdate());
      database.commit();
    }
  }

  private static Map<String, Object> with(Map<String, Object> body, String name, Object value) {
    Map<String, Object> changed = new LinkedHashMap<>(body);
    changed.put(name, value);
    return changed;
  }

  private static void assertProblem(int status, String problem, Answer answer) {
    assertEquals(status, answer.status(), answer.toString());
    assertEquals("urn:sallyport:problem:" + problem, answer.json().get("type").asText());
  }
}
