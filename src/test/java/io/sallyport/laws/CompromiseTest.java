package io.sallyport.laws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestPki.Manufacturer;
import io.sallyport.testing.Wire;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A key that was reported stolen is good for nothing and nobody any more. */
@QuarkusTest
class CompromiseTest extends ServerTest {
  private static final Manufacturer MAKER = TestPki.manufacturer("Compromised Works");
  private boolean registered;

  @BeforeEach
  void registerOnce() {
    if (!registered) {
      wire.register(MAKER);
      wire.document("/api/v1/profiles/compromise", """
          apiVersion: sallyport.io/v1
          kind: DeviceProfile
          metadata: {name: compromise}
          """);
      registered = true;
    }
  }

  @Test
  void aKeyThatWasCompromisedIsNotCertifiedAgain() {
    Enrolled device = enroll("K-1");
    revoke(device.identity);

    HttpResponse<byte[]> again =
        request("simpleenroll", MAKER.idevid("K-1"), device.keys, "CN=K-1");
    assertEquals(403, again.statusCode());
    assertTrue(text(again).contains("compromised"), text(again));

    KeyPair fresh = TestPki.key();
    assertEquals(
        200, request("simpleenroll", MAKER.idevid("K-1"), fresh, "CN=K-1").statusCode());
  }

  @Test
  void allCertificatesOnACompromisedKeyFallTogether() {
    Enrolled device = enroll("K-2");
    HttpResponse<byte[]> renewed = request(
        "simplereenroll",
        device.identity,
        device.keys,
        device.identity.certificate().getSubjectX500Principal().getName());
    assertEquals(200, renewed.statusCode(), () -> text(renewed));
    Identity successor = new Identity(device.keys, Wire.certificates(renewed.body()));

    revoke(device.identity);

    assertEquals(403, challenge(successor).statusCode());
  }

  @ParameterizedTest(name = "{0} gives {1}")
  @CsvSource({"/ca/%00.cer, 404", "/crl/%00/0.crl, 404", "/%zz, 400"})
  void oddPathsAreRefusedQuietly(String path, int status) throws Exception {
    URI base = URI.create(wire.status());
    try (Socket socket = new Socket(base.getHost(), base.getPort())) {
      socket
          .getOutputStream()
          .write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(answer.startsWith("HTTP/1.1 " + status), answer);
    }
  }

  private record Enrolled(KeyPair keys, Identity identity) {}

  private Enrolled enroll(String serialNumber) {
    wire.register(MAKER, serialNumber, "compromise");
    KeyPair keys = TestPki.key();
    return new Enrolled(keys, wire.enroll(MAKER.idevid(serialNumber), keys, serialNumber));
  }

  private void revoke(Identity identity) {
    wire.admin(
        "POST",
        "/api/v1/certificates/devices/"
            + identity.certificate().getSerialNumber().toString(16) + "/revoke",
        Map.of("reason", "key-compromise"));
  }

  private HttpResponse<byte[]> request(
      String operation, Identity by, KeyPair keys, String subject) {
    return wire.est(operation, by, null, TestPki.request(keys, subject, null));
  }

  private HttpResponse<byte[]> challenge(Identity identity) {
    return wire.send(
        identity,
        wire.device("/attest/v1/challenges")
            .POST(HttpRequest.BodyPublishers.noBody())
            .build());
  }

  private static String text(HttpResponse<byte[]> response) {
    return new String(response.body(), StandardCharsets.UTF_8);
  }
}
