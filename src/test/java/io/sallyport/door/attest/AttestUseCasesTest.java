package io.sallyport.door.attest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.attestation.Appraisal;
import io.sallyport.attestation.Appraisal.Claim;
import io.sallyport.attestation.Assurance;
import io.sallyport.attestation.Attestations;
import io.sallyport.attestation.TrustTier;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.HardwareUnit;
import io.sallyport.door.ClientChain;
import io.sallyport.door.DeviceCaller;
import io.sallyport.door.Reply;
import io.sallyport.door.Request;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.vertx.core.MultiMap;
import io.vertx.core.json.JsonObject;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AttestUseCasesTest {
  private static final UUID DEVICE = UUID.fromString("019aac00-0000-7000-8000-000000000001");
  private static final Instant AT = Instant.parse("2026-11-22T12:00:00Z");

  private final FakeAttestations attestations = new FakeAttestations();
  private final AttestUseCases useCases = new AttestUseCases(request -> caller(), attestations);

  @ParameterizedTest
  @ValueSource(strings = {"", "{}", " { } \n"})
  void aChallengeIsANonceAndItsEnd(String body) {
    Reply reply = useCases.challenge(request("application/json", body));

    assertEquals(201, reply.status());
    assertEquals("application/json", reply.headers().get("Content-Type"));
    assertEquals("no-store", reply.headers().get("Cache-Control"));
    assertEquals("{\"nonce\":\"nonce\",\"expires_at\":\"2026-11-22T12:05:00Z\"}", text(reply));
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"a\":1}", "[]", "x", "{}{}"})
  void aChallengeTakesNothingElse(String body) {
    Refusal refusal = assertThrows(Refusal.class, () -> useCases.challenge(request("", body)));
    assertEquals(CommonProblem.MALFORMED, refusal.problem());
    assertTrue(attestations.asked.isEmpty());
  }

  @Test
  void evidenceIsAnsweredWithStatusClaimsAndEar() {
    Reply reply = useCases.evidence(request("application/eat+JWT; charset=utf-8", "a.b.c"));

    assertEquals(200, reply.status());
    assertEquals(new JsonObject("""
            {"status":"warning","expires_at":"2026-11-22T12:15:00Z","claims":{"executables":{"value":32,
            "tier":"warning","assurance":"signed-software","source":"eat+jwt","reason":"because"}},"ear":"x.y.z"}"""), new JsonObject(text(reply)));
    assertEquals(
        List.of(DEVICE + " application/eat+jwt a.b.c device:" + DEVICE), attestations.asked);
  }

  @Test
  void whoMayNotAttestGetsNeither() {
    Refusal no = new Refusal(CommonProblem.UNAUTHENTICATED, "no");
    AttestUseCases closed = new AttestUseCases(
        request -> {
          throw no;
        },
        attestations);

    assertSame(no, assertThrows(Refusal.class, () -> closed.challenge(request("", ""))));
    assertSame(
        no,
        assertThrows(
            Refusal.class, () -> closed.evidence(request("application/eat+jwt", "a.b.c"))));
    assertTrue(attestations.asked.isEmpty());
  }

  private static Request request(String mediaType, String body) {
    return new Request(
        "POST",
        Map.of(),
        MultiMap.caseInsensitiveMultiMap().add("Content-Type", mediaType),
        MultiMap.caseInsensitiveMultiMap(),
        ClientChain.NONE,
        "127.0.0.1",
        body.getBytes(StandardCharsets.UTF_8));
  }

  private static String text(Reply reply) {
    return new String(reply.body(), StandardCharsets.UTF_8);
  }

  private static DeviceCaller caller() {
    HardwareUnit hardware = new HardwareUnit(DEVICE, "acme", "cam", "SN-1");
    Device device =
        new Device(DEVICE, hardware, "camera", "ops", "site", Map.of(), DeviceState.ACTIVE, 0, AT);
    Der certificate = Der.of(new byte[] {0x30, 0});
    Digest digest = certificate.digest();
    return new DeviceCaller(
        device,
        new Credential(
            "devices",
            BigInteger.ONE,
            CertificateSubject.device(DEVICE),
            "device",
            digest,
            digest,
            AT,
            AT,
            null,
            null,
            null,
            certificate));
  }

  private static final class FakeAttestations implements Attestations {
    final List<String> asked = new ArrayList<>();

    @Override
    public Challenge challenge(UUID device) {
      asked.add(device.toString());
      return new Challenge("nonce", AT.plusSeconds(300));
    }

    @Override
    public Appraisal appraise(
        UUID device, Credential credential, String mediaType, byte[] evidence, Actor actor) {
      asked.add(device + " " + mediaType + " " + new String(evidence, StandardCharsets.UTF_8) + " "
          + actor);
      return new Appraisal(
          DEVICE,
          device,
          TrustTier.WARNING,
          Map.of("executables", new Claim(32, Assurance.SIGNED_SOFTWARE, "eat+jwt", "because")),
          Map.of(),
          AT,
          AT.plusSeconds(900),
          "x.y.z");
    }

    @Override
    public void end(UUID device, Actor actor) {
      asked.add("end of " + device);
    }

    @Override
    public String keySet() {
      return "{\"keys\":[]}";
    }

    @Override
    public Optional<Appraisal> latest(UUID device) {
      return Optional.empty();
    }
  }
}
