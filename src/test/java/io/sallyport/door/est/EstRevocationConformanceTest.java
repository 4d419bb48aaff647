package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.keys.PausingKeys;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import java.math.BigInteger;
import java.net.http.HttpResponse;
import java.security.KeyPair;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A device that is revoked while its certificate is made (law 5). */
@QuarkusTest
class EstRevocationConformanceTest extends EstServerTest {
  @ParameterizedTest
  @ValueSource(strings = {"decommission", "suspend"})
  void whatIsSignedForADeviceThatIsRevokedMeanwhileIsNotHandedOut(String act) {
    Unit unit = unit();

    HttpResponse<byte[]> response = enrollWhile(
        unit,
        TestPki.key(),
        () -> wire.admin(
            "POST", "/api/v1/devices/" + unit.id() + "/" + act, Map.of("reason", "test")));

    assertRefused(403, response);
    BigInteger serial = onlySerial(unit);
    StatusClient status = new StatusClient(wire);
    assertInstanceOf(RevokedStatus.class, status.device(serial).getCertStatus());
    status.crlWith("devices", serial);
    assertNotEquals("active", state(unit));
  }

  @Test
  void afterTheReleaseTheSameRequestGetsANewSerial() {
    Unit unit = unit();
    KeyPair keys = TestPki.key();
    String device = "/api/v1/devices/" + unit.id();
    assertRefused(
        403,
        enrollWhile(
            unit, keys, () -> wire.admin("POST", device + "/suspend", Map.of("reason", "test"))));
    BigInteger closed = onlySerial(unit);
    wire.admin("POST", device + "/release", Map.of("reason", "test"));

    assertNotEquals(closed, issued(enroll(unit.idevid(), keys)).getSerialNumber());
  }

  @Test
  void aQuarantineMeanwhileTakesNothingAway() {
    Unit unit = unit();
    enrolled(unit);

    issued(enrollWhile(
        unit,
        TestPki.key(),
        () -> wire.admin(
            "POST", "/api/v1/devices/" + unit.id() + "/quarantine", Map.of("reason", "test"))));
  }

  @Test
  void whatIsSignedWhileTheDeviceIsTransferredAwayFromItsProfileIsNotHandedOut() {
    wire.document("/api/v1/certificate-profiles/est-elsewhere", """
        apiVersion: sallyport.io/v1
        kind: CertificateProfile
        metadata: {name: est-elsewhere}
        spec:
          subject: [{serialNumber: "${hardware.serialNumber}"}]
          extendedKeyUsages: [clientAuth]
        """);
    wire.document("/api/v1/profiles/est-elsewhere", """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: est-elsewhere}
        spec: {certificateProfiles: [est-elsewhere]}
        """);
    Unit unit = unit();

    assertRefused(
        403,
        enrollWhile(
            unit,
            TestPki.key(),
            () -> wire.admin(
                "PATCH", "/api/v1/devices/" + unit.id(), Map.of("profile", "est-elsewhere"))));

    onlySerial(unit);
  }

  private HttpResponse<byte[]> enrollWhile(Unit unit, KeyPair keys, Runnable meanwhile) {
    PausingKeys pause = PausingKeys.at(unit.serialNumber());
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      CompletableFuture<HttpResponse<byte[]>> enrollment =
          CompletableFuture.supplyAsync(() -> enroll(unit.idevid(), keys), threads);
      try {
        pause.awaitSignature();
        meanwhile.run();
      } finally {
        pause.release();
      }
      return enrollment.join();
    }
  }

  private BigInteger onlySerial(Unit unit) {
    JsonNode certificates =
        wire.admin("GET", "/api/v1/devices/" + unit.id(), null).get("certificates");
    assertEquals(1, certificates.size());
    assertEquals("revoked", certificates.get(0).get("status").asText());
    return new BigInteger(certificates.get(0).get("serial").asText(), 16);
  }
}
