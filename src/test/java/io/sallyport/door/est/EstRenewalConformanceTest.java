package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Renewal (RFC 7030 §4.2.2) and what becomes of the certificate before (law 2). */
@QuarkusTest
class EstRenewalConformanceTest extends EstServerTest {
  @Test
  void aNewKeyGetsASuccessorOfTheSameName() {
    Identity current = enrolled(unit());
    KeyPair keys = TestPki.key();

    X509Certificate successor = issued(renew(current, keys));

    assertEquals(keys.getPublic(), successor.getPublicKey());
    assertEquals(
        current.certificate().getSubjectX500Principal(), successor.getSubjectX500Principal());
    assertNotEquals(current.certificate().getSerialNumber(), successor.getSerialNumber());
  }

  @Test
  void theSameKeyGetsANewCertificate() {
    Identity current = enrolled(unit());

    X509Certificate successor = issued(renew(current, current.keys()));

    assertNotEquals(current.certificate().getSerialNumber(), successor.getSerialNumber());
    assertEquals(current.certificate().getPublicKey(), successor.getPublicKey());
  }

  @Test
  void theSameAlternativeNamesAreAccepted() {
    Unit unit = unit();
    Identity current = enrolled(unit);
    GeneralNames same = new GeneralNames(
        new GeneralName(GeneralName.uniformResourceIdentifier, "urn:uuid:" + unit.id()));

    X509Certificate successor = issued(wire.est(
        "simplereenroll", current, null, request(TestPki.key(), subject(current), same, Map.of())));

    assertEquals(text(current.certificate()), text(successor));
  }

  @Test
  void withoutACertificateNothingIsRenewed() {
    Identity current = enrolled(unit());

    assertRefused(
        403, wire.est("simplereenroll", null, null, renewal(TestPki.key(), current.certificate())));
  }

  @Test
  void aTokenRenewsNothing() {
    Unit unit = unit();
    Identity current = enrolled(unit);

    assertRefused(
        403,
        wire.est(
            "simplereenroll", null, token(unit), renewal(TestPki.key(), current.certificate())));
    assertEquals(1, certificates(unit));
  }

  @Test
  void aManufacturersCertificateRenewsNothing() {
    Unit unit = unit();
    Identity current = enrolled(unit);

    assertRefused(
        403,
        wire.est(
            "simplereenroll", unit.idevid(), null, renewal(TestPki.key(), current.certificate())));
    assertEquals(1, certificates(unit));
  }

  @Test
  void anEnforcementPointRenewsNothingHere() throws Exception {
    KeyPair keys = TestPki.key();
    var made = wire.admin(
        "POST",
        "/api/v1/enforcement-points",
        Map.of(
            "name", "est-renewal",
            "kind", "authzen",
            "csr",
                TestPki.pem("CERTIFICATE REQUEST", TestPki.request(keys, "CN=est-renewal", null))));
    X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
        .generateCertificate(new ByteArrayInputStream(
            made.get("certificate").asText().getBytes(StandardCharsets.US_ASCII)));

    assertRefused(403, renew(new Identity(keys, List.of(certificate)), TestPki.key()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "CN=other", "O=EstRenewalConformanceTest"})
  void anotherSubjectIsForbidden(String name) {
    Unit unit = unit();
    Identity current = enrolled(unit);

    assertRefused(
        403,
        wire.est(
            "simplereenroll",
            current,
            null,
            request(TestPki.key(), new X500Name(name), null, Map.of())));
    assertEquals(1, certificates(unit));
  }

  @Test
  void anotherAlternativeNameIsForbidden() {
    Unit unit = unit();
    Identity current = enrolled(unit);
    GeneralNames more = new GeneralNames(new GeneralName[] {
      new GeneralName(GeneralName.uniformResourceIdentifier, "urn:uuid:" + unit.id()),
      new GeneralName(GeneralName.dNSName, "localhost")
    });

    assertRefused(
        403,
        wire.est(
            "simplereenroll",
            current,
            null,
            request(TestPki.key(), subject(current), more, Map.of())));
    assertEquals(1, certificates(unit));
  }

  @Test
  void anotherDevicesCertificateIsForbidden() {
    Unit unit = unit();
    Identity current = enrolled(unit);
    Identity other = enrolled(unit());

    assertRefused(
        403,
        wire.est("simplereenroll", other, null, renewal(TestPki.key(), current.certificate())));
    assertEquals(1, certificates(unit));
  }

  @Test
  void changeSubjectNameIsRefusedNotIgnored() {
    Unit unit = unit();
    Identity current = enrolled(unit);
    byte[] request = request(
        TestPki.key(),
        subject(current),
        null,
        Map.of(new ASN1ObjectIdentifier("1.3.6.1.5.5.7.7.36"), new DERUTF8String("CN=other")));

    assertRefused(403, wire.est("simplereenroll", current, null, request));
    assertEquals(1, certificates(unit));
  }

  @Test
  void aDecommissionedDeviceRenewsAndEnrollsNothing() {
    Unit unit = unit();
    Identity current = enrolled(unit);
    decommission(unit);

    assertRefused(403, renew(current, TestPki.key()));
    assertRefused(403, enroll(unit.idevid(), TestPki.key()));
    assertEquals(1, certificates(unit));
    awaitRefusal(unit.id(), "enrollment.refused", "no-current-certificate");
  }

  @Test
  void aSuspendedDeviceRenewsNothingUntilItIsReleased() {
    Unit unit = unit();
    Identity current = enrolled(unit);
    wire.admin("POST", "/api/v1/devices/" + unit.id() + "/suspend", Map.of("reason", "test"));

    assertRefused(403, renew(current, TestPki.key()));
    wire.admin("POST", "/api/v1/devices/" + unit.id() + "/release", Map.of("reason", "test"));

    issued(renew(current, TestPki.key()));
  }

  @Test
  void aQuarantinedDeviceRenewsSoThatItCanRecover() {
    Unit unit = unit();
    Identity current = enrolled(unit);
    wire.admin("POST", "/api/v1/devices/" + unit.id() + "/quarantine", Map.of("reason", "test"));

    issued(renew(current, TestPki.key()));
  }

  @Test
  void aRevokedCertificateRenewsNothing() {
    Unit unit = unit();
    Identity current = enrolled(unit);
    revoke(current.certificate());

    assertRefused(403, renew(current, TestPki.key()));
    assertEquals(1, certificates(unit));
  }

  @Test
  void aPredecessorGetsItsSuccessorAgainUntilThatIsUsed() {
    Unit unit = unit();
    Identity current = enrolled(unit);
    KeyPair keys = TestPki.key();
    X509Certificate successor = issued(renew(current, keys));

    assertEquals(successor, issued(renew(current, keys)), "the answer may have been lost");
    assertEquals(2, certificates(unit));

    issued(renew(new Identity(keys, List.of(successor)), TestPki.key()));
    assertRefused(403, renew(current, keys));
    assertRefused(403, renew(current, TestPki.key()));
    assertEquals(3, certificates(unit));
  }

  @Test
  void aUnitThatIsRegisteredAnewGetsAnIdentityOfItsOwn() {
    Unit unit = unit();
    Identity first = enrolled(unit);
    decommission(unit);
    String id = wire.register(maker, unit.serialNumber(), PROFILE);

    X509Certificate second = issued(enroll(unit.idevid(), first.keys()));

    assertNotEquals(first.certificate().getSerialNumber(), second.getSerialNumber());
    assertTrue(text(second).contains("urn:uuid:" + id));
    assertRefused(403, renew(first, TestPki.key()));
  }

  private static String text(X509Certificate certificate) {
    try {
      return String.valueOf(certificate.getSubjectAlternativeNames());
    } catch (CertificateParsingException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void aResumedSessionIsWorthNothingAfterRevocation(String protocol) throws IOException {
    Unit unit = unit();
    Identity current = enrolled(unit);
    SSLContext tls = wire.tls(current);
    byte[] request = renewal(TestPki.key(), current.certificate());

    Exchange before = exchange(tls, protocol, request);
    assertTrue(before.answer.startsWith("HTTP/1.1 200 "), before.answer);
    decommission(unit);
    Exchange after = exchange(tls, protocol, request);

    assertEquals(
        before.session.getCreationTime(),
        after.session.getCreationTime(),
        "the session was not resumed");
    if (protocol.equals("TLSv1.2")) {
      assertArrayEquals(before.session.getId(), after.session.getId());
    }
    assertTrue(after.answer.startsWith("HTTP/1.1 403 "), after.answer);
  }

  private record Exchange(String answer, SSLSession session) {}

  private Exchange exchange(SSLContext tls, String protocol, byte[] request) throws IOException {
    URI server = URI.create(wire.devices());
    byte[] body = base64(request);
    try (SSLSocket socket =
        (SSLSocket) tls.getSocketFactory().createSocket(server.getHost(), server.getPort())) {
      socket.setSoTimeout(20_000);
      socket.setEnabledProtocols(new String[] {protocol});
      socket
          .getOutputStream()
          .write(("POST /.well-known/est/simplereenroll HTTP/1.1\r\nHost: localhost\r\n"
                  + "Connection: close\r\nContent-Type: application/pkcs10\r\nContent-Length: "
                  + body.length + "\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().write(body);
      socket.getOutputStream().flush();
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      socket.getInputStream().transferTo(answer);
      return new Exchange(answer.toString(StandardCharsets.US_ASCII), socket.getSession());
    }
  }

  private static X500Name subject(Identity identity) {
    return X500Name.getInstance(identity.certificate().getSubjectX500Principal().getEncoded());
  }
}
