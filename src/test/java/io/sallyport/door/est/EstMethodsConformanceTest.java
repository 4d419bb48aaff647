package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.Wire;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Operations, methods, labels and media types (RFC 7030 §3.2). */
@QuarkusTest
class EstMethodsConformanceTest extends EstServerTest {
  private static final String EST = "/.well-known/est/";
  private static final byte[] NOTHING = new byte[0];

  @Test
  void cacertsGivesTheChainToTheRootToAnybody() throws Exception {
    HttpResponse<byte[]> response = send(null, "GET", EST + "cacerts", NOTHING);

    assertEquals(200, response.statusCode());
    assertEquals(
        "application/pkcs7-mime", response.headers().firstValue("Content-Type").orElse(""));
    List<X509Certificate> chain = Wire.certificates(response.body());
    assertEquals(2, chain.size());
    assertTrue(chain.contains(wire.root()));
    X509Certificate devices =
        chain.stream().filter(one -> !one.equals(wire.root())).findFirst().orElseThrow();
    devices.verify(wire.root().getPublicKey());
  }

  @Test
  void cacertsTakesADevicesLabel() {
    assertEquals(200, send(null, "GET", EST + "device/cacerts", NOTHING).statusCode());
  }

  @ParameterizedTest(name = "{0} {1}")
  @CsvSource({
    "POST, cacerts, GET",
    "DELETE, cacerts, GET",
    "GET, simpleenroll, POST",
    "PUT, simpleenroll, POST",
    "GET, simplereenroll, POST",
    "GET, device/simplereenroll, POST",
    "POST, device/cacerts, GET"
  })
  void theWrongMethodIsToldTheRightOne(String method, String operation, String allow) {
    HttpResponse<byte[]> response = send(null, method, EST + operation, NOTHING);

    assertRefused(405, response);
    assertEquals(allow, response.headers().firstValue("Allow").orElse("none"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "unknown",
        "cacerts",
        "simpleenroll",
        "simplereenroll",
        "csrattrs",
        "serverkeygen",
        "fullcmc",
        "ocsp-responder"
      })
  void aLabelThatNamesNoProfileIsNotFound(String label) {
    Unit unit = unit();

    assertRefused(404, send(null, "GET", EST + label + "/cacerts", NOTHING));
    assertRefused(
        404,
        send(
            unit.idevid(),
            "POST",
            EST + label + "/simpleenroll",
            base64(TestPki.request(TestPki.key(), "", null)),
            "Content-Type",
            "application/pkcs10"));
    assertEquals(0, certificates(unit));
  }

  @ParameterizedTest
  @ValueSource(strings = {"enforcement-point", "server"})
  void aLabelThatTheDeviceMayNotHaveIsForbidden(String label) {
    Unit unit = unit();

    assertRefused(
        403,
        wire.est(
            label + "/simpleenroll",
            unit.idevid(),
            null,
            TestPki.request(TestPki.key(), "", null)));
    assertEquals(0, certificates(unit));
    awaitRefusal(unit.id(), "enrollment.refused", "certificate-profile-not-allowed");
  }

  @Test
  void theDevicesLabelGivesWhatNoLabelGives() {
    Unit unit = unit();
    byte[] request = TestPki.request(TestPki.key(), "", null);

    X509Certificate labelled =
        issued(wire.est("device/simpleenroll", unit.idevid(), null, request));

    assertEquals(labelled, issued(wire.est("simpleenroll", unit.idevid(), null, request)));
  }

  @Test
  void anOperationThatIsNotThereIsNotFound() {
    assertRefused(404, send(null, "GET", EST + "nothing", NOTHING));
    assertRefused(404, send(null, "GET", EST + "device/more/cacerts", NOTHING));
  }

  @Test
  void anOperationThatIsNotBuiltIsNotSupported() {
    assertRefused(501, send(null, "POST", EST + "fullcmc", NOTHING));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "text/plain",
        "application/pkcs7-mime",
        "application/pkcs10x",
        "multipart/mixed"
      })
  void theWrongContentTypeIsUnsupported(String type) {
    Unit unit = unit();
    byte[] body = base64(TestPki.request(TestPki.key(), "", null));
    String path = EST + "simpleenroll";

    assertRefused(
        415,
        type.isEmpty()
            ? send(unit.idevid(), "POST", path, body)
            : send(unit.idevid(), "POST", path, body, "Content-Type", type));
    assertEquals(0, certificates(unit));
  }

  @ParameterizedTest
  @ValueSource(strings = {"application/pkcs10; charset=us-ascii", "Application/PKCS10"})
  void theContentTypeMayHaveParametersAndAnyCase(String type) {
    byte[] body = base64(TestPki.request(TestPki.key(), "", null));

    issued(send(unit().idevid(), "POST", EST + "simpleenroll", body, "Content-Type", type));
  }

  @Test
  void theAnswerIsACertsOnlyMessageInBase64() {
    HttpResponse<byte[]> response = enroll(unit().idevid(), TestPki.key());

    issued(response);
    assertEquals(
        "application/pkcs7-mime; smime-type=certs-only",
        response.headers().firstValue("Content-Type").orElse(""));
    assertEquals(
        "base64", response.headers().firstValue("Content-Transfer-Encoding").orElse(""));
    assertTrue(text(response).strip().indexOf('\n') < 0, "strongSwan refuses line breaks");
  }

  @Test
  void libestGetsLineBreaks() {
    HttpResponse<byte[]> response =
        send(null, "GET", EST + "cacerts", NOTHING, "User-Agent", "libest 3.2.0p");

    assertTrue(text(response).lines().allMatch(line -> line.length() <= 64), text(response));
    assertFalse(Wire.certificates(response.body()).isEmpty());
  }

  @Test
  void csrattrsHasNothingToAnnounce() {
    assertEquals(204, send(null, "GET", EST + "csrattrs", NOTHING).statusCode());
  }

  @Test
  void noPathTellsOfAnythingInside() {
    HttpResponse<byte[]> response = send(null, "GET", EST + "%00%2e%2e", NOTHING);

    assertTrue(
        response.statusCode() == 404 || response.statusCode() == 400,
        () -> "" + response.statusCode());
    assertFalse(new String(response.body(), StandardCharsets.UTF_8).contains("Exception"));
  }
}
