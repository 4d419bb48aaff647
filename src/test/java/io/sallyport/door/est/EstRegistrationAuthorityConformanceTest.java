package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestPki.Manufacturer;
import java.io.ByteArrayInputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Registration authorities (RFC 7030 §3.7): recognised by their registered certificate, never by a key usage (law 10). */
@QuarkusTest
class EstRegistrationAuthorityConformanceTest extends EstServerTest {
  private static final String CMC_RA = "1.3.6.1.5.5.7.3.28";
  private static final String BOUND = "est-ra-bound";

  private boolean prepared;
  private int names;

  @BeforeEach
  void labels() {
    if (prepared) {
      return;
    }
    prepared = true;
    wire.document("/api/v1/certificate-profiles/" + BOUND, """
        apiVersion: sallyport.io/v1
        kind: CertificateProfile
        metadata: {name: %s}
        spec:
          subject: [{serialNumber: "${hardware.serialNumber}"}]
          extendedKeyUsages: [clientAuth]
          enrollment: {channelBinding: required, authentication: both}
        """.formatted(BOUND));
    wire.document("/api/v1/profiles/" + PROFILE, """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: %s}
        spec: {certificateProfiles: [device, est-ra-bound]}
        """.formatted(PROFILE));
  }

  @Test
  void itAsksInTheNameOfADevice() throws Exception {
    Identity authority = authority(List.of());
    assertTrue(authority.certificate().getExtendedKeyUsage().contains(CMC_RA));
    Unit unit = unit();
    KeyPair keys = TestPki.key();

    X509Certificate certificate = issued(ask("", authority, keys, unit.serialNumber()));

    assertEquals(keys.getPublic(), certificate.getPublicKey());
    assertEquals(
        certificate, issued(ask("", authority, keys, unit.serialNumber())), "a retry is the same");
    // What it got is the device's.
    issued(renew(new Identity(keys, List.of(certificate)), TestPki.key()));
    assertEquals(2, certificates(unit));
  }

  @Test
  void itIsExemptFromTheBindingAndFromWhatDevicesShow() {
    Unit unit = unit();

    issued(ask(BOUND + "/", authority(List.of()), TestPki.key(), unit.serialNumber()));
  }

  @Test
  void itAsksForTheProfilesThatItMayAskFor() {
    Unit unit = unit();
    Identity authority = authority(List.of(BOUND));

    assertRefused(403, ask("device/", authority, TestPki.key(), unit.serialNumber()));
    assertRefused(403, ask("", authority, TestPki.key(), unit.serialNumber()));
    issued(ask(BOUND + "/", authority, TestPki.key(), unit.serialNumber()));
    awaitRefusal(unit.id(), "enrollment.refused", "certificate-profile-not-allowed");
  }

  @Test
  void itSpeaksForTheDevicesOfItsManufacturerAlone() {
    Manufacturer other = TestPki.manufacturer("EstRegistrationAuthority other");
    wire.register(other);
    wire.register(other, "RA-other-1", PROFILE);
    Identity authority = authority(List.of());

    assertRefused(403, ask("", authority, TestPki.key(), "RA-other-1"));
    assertRefused(403, ask("", authority, TestPki.key(), "RA-nobody"));
    assertRefused(403, wire.est("simpleenroll", authority, null, request(TestPki.key(), "")));
  }

  @Test
  void aTokenBesideItIsRefused() {
    Unit unit = unit();

    assertRefused(
        401,
        wire.est(
            "simpleenroll",
            authority(List.of()),
            token(unit),
            request(TestPki.key(), "2.5.4.5=" + unit.serialNumber())));
  }

  @Test
  void aDecommissionedDeviceGetsNothingThroughIt() {
    Unit unit = unit();
    decommission(unit);

    assertRefused(403, ask("", authority(List.of()), TestPki.key(), unit.serialNumber()));
    assertEquals(0, certificates(unit));
  }

  @Test
  void itRenewsNothing() {
    Unit unit = unit();
    Identity current = enrolled(unit);

    assertRefused(
        403,
        wire.est(
            "simplereenroll",
            authority(List.of()),
            null,
            renewal(TestPki.key(), current.certificate())));
    assertEquals(1, certificates(unit));
  }

  @Test
  void onceRemovedItIsNobody() {
    Unit unit = unit();
    String name = "est-ra-removed";
    Identity authority = authority(name, List.of());
    issued(ask("", authority, TestPki.key(), unit.serialNumber()));

    assertEquals(
        204,
        wire.send(
                null,
                wire.person("/api/v1/registration-authorities/" + name).DELETE().build())
            .statusCode());

    assertRefused(401, ask("", authority, TestPki.key(), unit.serialNumber()));
    assertEquals(1, certificates(unit));
  }

  @Test
  void theKeyUsageAloneMakesNobodyOne() throws Exception {
    Unit unit = unit();
    ExtensionsGenerator usage = new ExtensionsGenerator();
    usage.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(new KeyPurposeId[] {
      KeyPurposeId.id_kp_clientAuth, KeyPurposeId.getInstance(new ASN1ObjectIdentifier(CMC_RA))
    }));
    KeyPair keys = TestPki.key();
    X509Certificate idevid = maker.idevid(unit.serialNumber()).certificate();
    Identity pretender = new Identity(
        keys,
        List.of(TestPki.certify(
            new X500Name("CN=a registration authority,2.5.4.5=" + unit.serialNumber()),
            keys,
            maker.authority(),
            idevid.getNotBefore().toInstant(),
            idevid.getNotAfter().toInstant(),
            false,
            usage)));

    assertRefused(403, ask("", pretender, TestPki.key(), unit.serialNumber()));
    assertEquals(0, certificates(unit));
  }

  private HttpResponse<byte[]> ask(
      String label, Identity authority, KeyPair keys, String serialNumber) {
    return wire.est(
        label + "simpleenroll", authority, null, request(keys, "2.5.4.5=" + serialNumber));
  }

  private static byte[] request(KeyPair keys, String subject) {
    return TestPki.request(keys, subject, null);
  }

  private Identity authority(List<String> profiles) {
    return authority("est-ra-" + names++, profiles);
  }

  private Identity authority(String name, List<String> profiles) {
    KeyPair keys = TestPki.key();
    JsonNode made = wire.admin(
        "POST",
        "/api/v1/registration-authorities",
        Map.of(
            "name",
            name,
            "manufacturer",
            maker.name(),
            "certificate_profiles",
            profiles,
            "csr",
            TestPki.pem("CERTIFICATE REQUEST", request(keys, "CN=" + name))));
    try {
      return new Identity(keys, List.of((X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(
              made.get("certificate").asText().getBytes(StandardCharsets.US_ASCII)))));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
