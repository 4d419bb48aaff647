package io.sallyport.door.status;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Patience;
import io.sallyport.testing.StatusClient;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import java.security.cert.CRLReason;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.HashMap;
import java.util.Map;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.IssuingDistributionPoint;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Revocation lists and authorities' certificates over plain HTTP (RFC 5280 §5, §4.2.1.13, §4.2.2.1). */
@QuarkusTest
class CrlConformanceTest extends StatusServerTest {
  private static final String DEVICES = "/crl/devices/0.crl";

  private static BigInteger number(X509CRL crl) {
    try {
      return ASN1Integer.getInstance(
              ASN1OctetString.getInstance(crl.getExtensionValue(Extension.cRLNumber.getId()))
                  .getOctets())
          .getValue();
    } catch (RuntimeException e) {
      throw new AssertionError("no CRL number", e);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"root", "devices", "internal"})
  void everyAuthorityHasAListThatItSigned(String authority) throws Exception {
    X509Certificate issuer = status.authority(authority);

    X509CRL crl = status.crlAt("/crl/" + authority + "/0.crl");

    crl.verify(issuer.getPublicKey());
    assertEquals(issuer.getSubjectX500Principal(), crl.getIssuerX500Principal());
    assertEquals(2, crl.getVersion());
    assertFalse(crl.getThisUpdate().after(new Date()));
    assertTrue(crl.getNextUpdate().after(new Date()));
    assertArrayEquals(
        SubjectKeyIdentifier.getInstance(extension(issuer.getExtensionValue("2.5.29.14")))
            .getKeyIdentifier(),
        AuthorityKeyIdentifier.getInstance(extension(crl.getExtensionValue("2.5.29.35")))
            .getKeyIdentifierOctets());
  }

  private static byte[] extension(byte[] value) throws IOException {
    return ASN1OctetString.getInstance(value).getOctets();
  }

  @Test
  void aRevocationComesIntoAListWithAHigherNumber() {
    X509Certificate certificate = certificate();
    X509CRL before = status.crl("devices", certificate.getSerialNumber());
    assertNull(before.getRevokedCertificate(certificate.getSerialNumber()));
    Instant start = Instant.now().minusSeconds(2);

    revoke(certificate, "key-compromise");

    X509CRL after = status.crlWith("devices", certificate.getSerialNumber());
    X509CRLEntry entry = after.getRevokedCertificate(certificate.getSerialNumber());
    assertEquals(CRLReason.KEY_COMPROMISE, entry.getRevocationReason());
    assertTrue(entry.getRevocationDate().toInstant().isAfter(start));
    assertTrue(
        number(after).compareTo(number(before)) > 0, number(before) + " then " + number(after));
  }

  @Test
  void aReasonThatSaysNothingIsLeftOut() {
    X509Certificate certificate = certificate();
    revoke(certificate, "unspecified");

    X509CRLEntry entry = status
        .crlWith("devices", certificate.getSerialNumber())
        .getRevokedCertificate(certificate.getSerialNumber());

    assertNull(entry.getExtensionValue(Extension.reasonCode.getId()), "RFC 5280 §5.3.1");
  }

  @Test
  void numbersOnlyRise() {
    BigInteger last = BigInteger.ZERO;
    for (int i = 0; i < 3; i++) {
      X509Certificate certificate = certificate();
      BigInteger before = number(status.crl("devices", certificate.getSerialNumber()));
      revoke(certificate, "superseded");
      BigInteger next = number(status.crlWith("devices", certificate.getSerialNumber()));
      assertTrue(next.compareTo(last) > 0, last + " then " + next);
      assertTrue(next.compareTo(before) > 0, before + " then " + next);
      last = next;
    }
  }

  @Test
  void whatWasRevokedStaysOnTheList() {
    Map<String, X509Certificate> shards = new HashMap<>();
    X509Certificate second = certificate();
    X509Certificate first = null;
    while (first == null) {
      first = shards.put(StatusClient.list("devices", second.getSerialNumber()), second);
      second = first == null ? certificate() : second;
    }
    revoke(first, "superseded");
    status.crlWith("devices", first.getSerialNumber());
    revoke(second, "superseded");

    assertNotNull(status
        .crlWith("devices", second.getSerialNumber())
        .getRevokedCertificate(first.getSerialNumber()));
  }

  @Test
  void aCertificateNamesTheListThatItWouldStandIn() throws Exception {
    X509Certificate certificate = certificate();
    byte[] value =
        extension(certificate.getExtensionValue(Extension.cRLDistributionPoints.getId()));

    String url = wire.status() + StatusClient.list("devices", certificate.getSerialNumber());
    assertTrue(
        CRLDistPoint.getInstance(value).toString().contains(url + "\n"),
        CRLDistPoint.getInstance(value).toString());
  }

  /** The distribution point in the list and in the certificate are the same octets (RFC 5280 §6.3.3 b 2 i). */
  @Test
  void aListsDistributionPointIsTheCertificates() throws Exception {
    X509Certificate certificate = certificate();
    X509CRL crl = status.crl("devices", certificate.getSerialNumber());

    assertTrue(crl.getCriticalExtensionOIDs().contains(Extension.issuingDistributionPoint.getId()));
    assertEquals(
        CRLDistPoint.getInstance(
                extension(certificate.getExtensionValue(Extension.cRLDistributionPoints.getId())))
            .getDistributionPoints()[0]
            .getDistributionPoint(),
        IssuingDistributionPoint.getInstance(
                extension(crl.getExtensionValue(Extension.issuingDistributionPoint.getId())))
            .getDistributionPoint());
  }

  @Test
  void aListMayBeKeptUntilItsNextUpdate() {
    HttpResponse<byte[]> response = status.get(DEVICES);

    assertEquals("application/pkix-crl", CacheHeaders.header(response, "Content-Type"));
    X509CRL crl = crl(response.body());
    CacheHeaders.assertCacheable(response, crl.getThisUpdate(), crl.getNextUpdate());
  }

  private static X509CRL crl(byte[] der) {
    try {
      return (X509CRL)
          CertificateFactory.getInstance("X.509").generateCRL(new ByteArrayInputStream(der));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @CsvSource({"%s", "W/%s", "'\"other\", %s'", "*"})
  void whoHasTheListAlreadyIsToldSo(String form) {
    String tag = CacheHeaders.header(status.get("/crl/root/0.crl"), "ETag");

    HttpResponse<byte[]> response =
        status.get("/crl/root/0.crl", "If-None-Match", form.formatted(tag));

    assertEquals(304, response.statusCode());
    assertEquals(0, response.body().length);
    assertEquals(tag, CacheHeaders.header(response, "ETag"));
    assertNotEquals("none", CacheHeaders.header(response, "Expires"));
  }

  @Test
  void whoHasItSinceItWasModifiedIsToldSo() {
    // Not of two lists of one second, which the next one is not any more.
    Patience.untilTrue("the list is known by its date", () -> {
      String date = CacheHeaders.header(status.get("/crl/root/0.crl"), "Last-Modified");
      return status.get("/crl/root/0.crl", "If-Modified-Since", date).statusCode() == 304;
    });
  }

  @ParameterizedTest
  @ValueSource(strings = {"Sun, 06 Nov 1994 08:49:37 GMT", "yesterday", ""})
  void whoHasItSinceBeforeGetsThisOne(String date) {
    assertEquals(200, status.get("/crl/root/0.crl", "If-Modified-Since", date).statusCode());
  }

  @Test
  void whoHasAnotherListGetsThisOne() {
    HttpResponse<byte[]> response = status.get("/crl/root/0.crl", "If-None-Match", "\"another\"");

    assertEquals(200, response.statusCode());
    assertTrue(response.body().length > 0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/crl/root/0.crl", "/ca/devices.cer"})
  void headTellsWhatGetWouldTell(String path) {
    HttpResponse<byte[]> get = status.get(path);

    HttpResponse<byte[]> head = status.send("HEAD", path, NOTHING);

    assertEquals(200, head.statusCode());
    assertEquals(0, head.body().length);
    for (String name :
        new String[] {"Content-Type", "Content-Length", "ETag", "Last-Modified", "Expires"}) {
      assertEquals(CacheHeaders.header(get, name), CacheHeaders.header(head, name), name);
    }
  }

  @Test
  void anAuthoritysCertificateIsThereInDer() throws Exception {
    HttpResponse<byte[]> response = status.get("/ca/devices.cer");

    assertEquals("application/pkix-cert", CacheHeaders.header(response, "Content-Type"));
    devices.verify(wire.root().getPublicKey());
    certificate().verify(devices.getPublicKey());
    assertArrayEquals(devices.getEncoded(), response.body());
    assertEquals(
        304,
        status
            .get("/ca/devices.cer", "If-None-Match", CacheHeaders.header(response, "ETag"))
            .statusCode());
    assertArrayEquals(wire.root().getEncoded(), status.get("/ca/root.cer").body());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/crl/nobody/0.crl",
        "/crl/devices/64.crl",
        "/crl/devices/64-delta.crl",
        "/crl/devices/00.crl",
        "/crl/devices/-1.crl",
        "/crl/devices/9999999999.crl",
        "/crl/root/1.crl",
        "/ca/nobody.cer",
        "/ca/devices",
        "/",
        "/else"
      })
  void whatIsNotThereIsNotFound(String path) {
    assertEquals(404, status.get(path).statusCode());
  }

  @ParameterizedTest
  @ValueSource(strings = {"/crl/devices/0.crl", "/ca/devices.cer"})
  void nothingIsWrittenHere(String path) {
    HttpResponse<byte[]> response = status.send("POST", path, new byte[] {1});

    assertEquals(405, response.statusCode());
    assertTrue(CacheHeaders.header(response, "Allow").contains("GET"));
  }
}
