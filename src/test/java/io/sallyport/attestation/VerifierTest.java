package io.sallyport.attestation;

import static io.sallyport.attestation.TestDevice.DIGEST;
import static io.sallyport.attestation.TestDevice.NOW;
import static io.sallyport.attestation.TestDevice.report;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jwt.SignedJWT;
import io.sallyport.attestation.Fakes.FakeAudit;
import io.sallyport.attestation.Fakes.FakeCredentials;
import io.sallyport.attestation.Fakes.FakeDevices;
import io.sallyport.attestation.Fakes.FakeKeys;
import io.sallyport.attestation.Fakes.FakeProfiles;
import io.sallyport.attestation.Fakes.FakeStore;
import io.sallyport.attestation.Fakes.FakeTransactions;
import io.sallyport.audit.Fact;
import io.sallyport.devices.DeviceState;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Problem;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyHandle;
import io.sallyport.pki.Credential;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.SecureRandom;
import java.security.interfaces.ECPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("NullAway") // a null where none may be fails the test
class VerifierTest {
  private static final String JWT = "application/eat+jwt";

  private final MovingClock clock = new MovingClock();
  private final FakeTransactions transactions = new FakeTransactions();
  private final FakeStore store = new FakeStore();
  private final FakeKeys keys = new FakeKeys(transactions);
  private final FakeDevices devices = new FakeDevices();
  private final FakeProfiles profiles = new FakeProfiles();
  private final FakeCredentials credentials = new FakeCredentials();
  private final FakeAudit audit = new FakeAudit();
  private final Verifier verifier = verifier(Duration.ofMinutes(5));

  private TestDevice camera;
  private Credential credential;

  @BeforeEach
  void enrollCamera() throws Exception {
    camera = enroll();
    credential = camera.credential();
  }

  @Nested
  class Challenges {
    @Test
    void aNonceIs32RandomOctetsAndLivesFiveMinutes() {
      Attestations.Challenge challenge = verifier.challenge(camera.id);

      assertEquals(43, challenge.nonce().length());
      assertEquals(NOW.plus(Duration.ofMinutes(5)), challenge.expiresAt());
      assertNotEquals(challenge.nonce(), verifier.challenge(camera.id).nonce());
    }

    @Test
    void onlyTheDigestIsKept() {
      String nonce = verifier.challenge(camera.id).nonce();
      assertTrue(
          store.challenges.containsKey(Digest.of(nonce.getBytes(StandardCharsets.US_ASCII))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT0S", "PT-1S", "PT1H0.001S"})
    void aLifetimeThatMakesNoSenseIsRefusedAtStart(Duration lifetime) {
      var refused = assertThrows(IllegalArgumentException.class, () -> verifier(lifetime));
      assertTrue(refused.getMessage().contains("sallyport.attestation.challenge-lifetime"));
    }
  }

  @Nested
  class Nonces {
    @Test
    void aNonceAnswersOnce() throws Exception {
      byte[] evidence = good(nonce());
      appraise(evidence);

      assertRefused(AttestationProblem.WRONG_NONCE, evidence);
      assertEquals(1, store.appraisals.size());
    }

    @Test
    void anExpiredNonceIsRefused() throws Exception {
      byte[] evidence = good(nonce());
      clock.now = NOW.plus(Duration.ofMinutes(5));

      assertRefused(AttestationProblem.WRONG_NONCE, evidence);
    }

    @Test
    void anotherDevicesNonceIsRefusedAndStaysOpen() throws Exception {
      TestDevice other = enroll();
      String nonce = verifier.challenge(other.id).nonce();

      assertRefused(AttestationProblem.WRONG_NONCE, good(nonce));
      byte[] own = bytes(other.sign(other.header(), report(nonce)));
      assertEquals(
          TrustTier.WARNING,
          verifier
              .appraise(other.id, other.credential(), JWT, own, Actor.device(other.id))
              .status());
    }

    @Test
    void anInventedNonceIsRefused() throws Exception {
      assertRefused(AttestationProblem.WRONG_NONCE, good("A".repeat(43)));
    }

    @Test
    void evidenceSignedByAnotherKeyDoesNotBurnTheNonce() throws Exception {
      String nonce = nonce();
      TestDevice thief = TestDevice.with("ES256");

      assertRefused(
          AttestationProblem.EVIDENCE_SIGNATURE, bytes(thief.sign(thief.header(), report(nonce))));
      assertEquals(TrustTier.WARNING, appraise(good(nonce)).status());
    }

    @Test
    void contentThatIsRefusedUsesTheNonceUp() throws Exception {
      String nonce = nonce();
      byte[] stale =
          bytes(camera.sign(camera.header(), report(nonce).replace("\"iat\":1", "\"iat\":")));

      assertRefused(AttestationProblem.STALE_EVIDENCE, stale);
      assertRefused(AttestationProblem.WRONG_NONCE, good(nonce));
      assertTrue(store.appraisals.isEmpty());
    }
  }

  @Nested
  class Refusals {
    @Test
    void areFactsWithTheirReasonAndWithoutTheEvidence() throws Exception {
      byte[] evidence = good("A".repeat(43));
      Refusal refusal = assertRefused(AttestationProblem.WRONG_NONCE, evidence);

      Fact fact = audit.refusals.getFirst();
      assertEquals("attestation.refused", fact.kind());
      assertEquals("device", fact.subjectType());
      assertEquals(camera.id.toString(), fact.subject());
      assertEquals(
          Map.of(
              "problem", "wrong-nonce",
              "reason", refusal.detail(),
              "credential", credential.thumbprint().hex(),
              "evidence", Digest.of(evidence).hex()),
          fact.detail());
      assertTrue(audit.facts.isEmpty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "application/json", "application/eat+cwt", "application/EAT+jwt"})
    void anotherMediaTypeIsNotSupported(String mediaType) throws Exception {
      byte[] evidence = good(nonce());
      Refusal refusal = assertThrows(
          Refusal.class,
          () -> verifier.appraise(
              camera.id, credential, mediaType, evidence, Actor.device(camera.id)));
      assertEquals(AttestationProblem.UNSUPPORTED_EVIDENCE, refusal.problem());
    }

    @Test
    void aDeviceWithoutProfileIsTold() throws Exception {
      byte[] evidence = good(nonce());
      profiles.profile = null;
      assertThrows(Refusal.class, () -> appraise(evidence));
    }

    @ParameterizedTest
    @EnumSource(names = {"SUSPENDED", "DECOMMISSIONED"})
    void aDeviceTakenOutMeanwhileGetsNoAppraisal(DeviceState state) throws Exception {
      byte[] evidence = good(nonce());
      keys.beforeSigning = () -> devices.become(camera.id, state);

      assertRefused(io.sallyport.devices.DeviceProblem.WRONG_STATE, evidence);
      assertTrue(store.appraisals.isEmpty());
      assertTrue(store.evidence.isEmpty());
    }

    @Test
    void aCertificateRevokedMeanwhileGetsNoAppraisal() throws Exception {
      byte[] evidence = good(nonce());
      keys.beforeSigning = () -> credentials.revoke(credential, NOW);

      assertRefused(AttestationProblem.REVOKED_CREDENTIAL, evidence);
      assertTrue(store.appraisals.isEmpty());
    }
  }

  @Nested
  class Appraisals {
    @Test
    void goodFirmwareIsAWarningByLaw10() throws Exception {
      Appraisal appraisal = appraise(good(nonce()));

      assertEquals(TrustTier.WARNING, appraisal.status());
      assertEquals(NOW, appraisal.at());
      assertEquals(NOW.plus(Duration.ofMinutes(15)), appraisal.expiresAt());
      assertEquals(
          Map.of(
              "firmware.name",
              "camera-os",
              "firmware.version",
              "1.3.0",
              "firmware.digest",
              DIGEST,
              "secureBoot",
              true),
          appraisal.observed());
      assertEquals(appraisal, verifier.latest(camera.id).orElseThrow());
    }

    @Test
    void oldFirmwareIsContraindicatedAndRecordedAllTheSame() throws Exception {
      String nonce = nonce();
      Appraisal appraisal =
          appraise(bytes(camera.sign(camera.header(), report(nonce, "1.2.0", DIGEST, false))));

      assertEquals(TrustTier.CONTRAINDICATED, appraisal.status());
      Fact fact = audit.facts.getFirst();
      assertEquals("device.appraised", fact.kind());
      assertEquals("contraindicated", fact.detail().get("status"));
      assertEquals(
          "configuration=96 executables=96 hardware=0", fact.detail().get("not_affirming"));
      assertEquals(appraisal.id().toString(), fact.detail().get("appraisal"));
    }

    @Test
    void theEvidenceIsKeptAsItCame() throws Exception {
      byte[] evidence = good(nonce());
      appraise(evidence);

      var kept = store.evidence.values().iterator().next();
      assertEquals(Digest.of(evidence), Digest.of(kept.octets()));
      assertEquals(credential.thumbprint(), kept.credential());
    }

    @Test
    void anOlderAppraisalThatIsRecordedLaterDoesNotReplaceANewerOne() throws Exception {
      byte[] slow = good(nonce());
      byte[] fast = good(nonce());
      keys.beforeSigning = () -> {
        keys.beforeSigning = () -> {};
        clock.now = NOW.plusSeconds(1);
        appraise(fast);
      };
      Appraisal older = appraise(slow);

      assertEquals(2, store.appraisals.size());
      assertEquals(older, store.appraisals.getLast());
      assertEquals(NOW.plusSeconds(1), verifier.latest(camera.id).orElseThrow().at());
    }

    @Test
    void aQuarantinedDeviceCanStillRecover() throws Exception {
      byte[] evidence = good(nonce());
      devices.become(camera.id, DeviceState.QUARANTINED);
      assertEquals(TrustTier.WARNING, appraise(evidence).status());
    }
  }

  @Nested
  class Ear {
    @Test
    void saysWhatWasAppraisedAndIsSignedByTheVerifiersKey() throws Exception {
      String nonce = nonce();
      Appraisal appraisal = appraise(good(nonce));

      KeyHandle key = keys.of("verifier").getFirst();
      SignedJWT ear = SignedJWT.parse(appraisal.ear());
      assertTrue(ear.verify(new ECDSAVerifier((ECPublicKey) KeyFactory.getInstance("EC")
          .generatePublic(new X509EncodedKeySpec(key.subjectPublicKeyInfo().octets())))));
      assertTrue(devices.reserved.contains(key.subjectPublicKeyInfo().digest()));
      assertEquals("ES256", ear.getHeader().getAlgorithm().getName());
      assertEquals("eat+jwt", ear.getHeader().getType().getType());

      Map<String, Object> claims = ear.getPayload().toJSONObject();
      assertEquals("tag:ietf.org,2026:rats/ear#04", claims.get("eat_profile"));
      assertEquals(NOW.getEpochSecond(), claims.get("iat"));
      assertEquals(NOW.getEpochSecond() + 900, claims.get("exp"));
      assertEquals(camera.id.toString(), claims.get("sub"));
      assertEquals(appraisal.id().toString(), claims.get("jti"));
      assertEquals(Map.of("x5t#S256", credential.thumbprint().base64Url()), claims.get("cnf"));
      assertEquals(
          Map.of("developer", "https://sallyport.io", "build", "sallyport 9"),
          claims.get("ear_verifier_id"));
      assertEquals("warning", claims.get("ear_status"));
      assertEquals(nonce, claims.get("eat_nonce"));

      Map<?, ?> report = (Map<?, ?>) ((Map<?, ?>) claims.get("submods")).get("device-report");
      assertEquals("warning", report.get("ear_status"));
      assertEquals(
          Map.of("instance-identity", 2L, "configuration", 2L, "executables", 32L, "hardware", 0L),
          report.get("ear_trustworthiness_vector"));
      assertEquals(nonce, report.get("eat_nonce"));
      assertEquals(appraisal.observed(), report.get("ear_attester_claims"));
      assertEquals(2, ((List<?>) report.get("ear_appraisal_policy_ids")).size());
      Map<?, ?> executables =
          (Map<?, ?>) ((Map<?, ?>) report.get("ear_verifier_claims")).get("executables");
      assertEquals("signed-software", executables.get("assurance"));
      assertEquals("eat+jwt", executables.get("source"));
    }

    @Test
    void oneKeySignsThemAll() throws Exception {
      appraise(good(nonce()));
      appraise(good(nonce()));
      assertEquals(1, keys.of("verifier").size());
      assertFalse(transactions.open);
    }
  }

  private Verifier verifier(Duration lifetime) {
    Ids ids = new Ids(clock, new SecureRandom());
    EarIssuer results = new EarIssuer(keys, devices, transactions, "9");
    return new Verifier(
        store,
        List.of(new EatJwtVerifier()),
        results,
        devices,
        profiles,
        credentials,
        audit,
        transactions,
        clock,
        ids,
        () -> lifetime);
  }

  private TestDevice enroll() throws Exception {
    TestDevice device = TestDevice.with("ES256");
    devices.devices.put(device.id, device.device(DeviceState.ACTIVE));
    Credential issued = device.credential();
    credentials.issued.put(issued.thumbprint(), issued);
    return device;
  }

  private String nonce() {
    return verifier.challenge(camera.id).nonce();
  }

  private byte[] good(String nonce) throws Exception {
    return bytes(camera.sign(camera.header(), report(nonce)));
  }

  private Appraisal appraise(byte[] evidence) {
    return verifier.appraise(camera.id, credential, JWT, evidence, Actor.device(camera.id));
  }

  private Refusal assertRefused(Problem problem, byte[] evidence) {
    Refusal refusal = assertThrows(Refusal.class, () -> appraise(evidence));
    assertEquals(problem, refusal.problem(), refusal.detail());
    assertEquals(problem.slug(), audit.refusals.getLast().detail().get("problem"));
    return refusal;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static final class MovingClock extends Clock {
    Instant now = NOW;

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }
}
