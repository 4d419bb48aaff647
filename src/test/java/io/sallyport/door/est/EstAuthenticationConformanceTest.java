package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.TestPki.Manufacturer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may enroll (RFC 7030 §3.3, IEEE 802.1AR; law 10). */
@QuarkusTest
class EstAuthenticationConformanceTest extends EstServerTest {
  private static final Instant NOW = Instant.now();
  private static final Instant YESTERDAY = NOW.minus(1, ChronoUnit.DAYS);
  private static final Instant TOMORROW = NOW.plus(1, ChronoUnit.DAYS);

  @Test
  void anIdevidOfARegisteredDeviceEnrolls() {
    Unit unit = unit();

    issued(enroll(unit.idevid(), TestPki.key()));

    assertEquals("active", state(unit));
  }

  @Test
  void noCredentialsAreNotEnough() {
    assertRefused(
        401, wire.est("simpleenroll", null, null, TestPki.request(TestPki.key(), "", null)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"wrong", "", "0123456789012345678901234567890123456789012"})
  void aWrongTokenIsNotEnough(String token) {
    assertRefused(
        401, wire.est("simpleenroll", null, token, TestPki.request(TestPki.key(), "", null)));
  }

  @Test
  void aVeryLongTokenIsNotEnough() {
    assertRefused(
        401,
        wire.est("simpleenroll", null, "x".repeat(4000), TestPki.request(TestPki.key(), "", null)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"Bearer abc", "Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Digest username=x"})
  void anAuthorizationThatIsNoTokenIsNotEnough(String authorization) {
    Unit unit = unit();

    assertRefused(
        401,
        send(
            unit.idevid(),
            "POST",
            "/.well-known/est/simpleenroll",
            base64(TestPki.request(TestPki.key(), "", null)),
            "Content-Type",
            "application/pkcs10",
            "Authorization",
            authorization));
    assertEquals(0, certificates(unit));
  }

  @Test
  void aValidCertificateDoesNotHealAWrongToken() {
    Unit unit = unit();

    assertRefused(
        401,
        wire.est("simpleenroll", unit.idevid(), "wrong", TestPki.request(TestPki.key(), "", null)));
    assertEquals(0, certificates(unit));
  }

  @Test
  void aValidTokenDoesNotHealAnUnknownCertificate() {
    Unit unit = unit();
    Identity foreign =
        TestPki.manufacturer("Foreign " + unit.serialNumber()).idevid(unit.serialNumber());

    assertRefused(
        401,
        wire.est("simpleenroll", foreign, token(unit), TestPki.request(TestPki.key(), "", null)));
    assertEquals(0, certificates(unit));
  }

  @Test
  void theTokenOfAnotherDeviceIsForbidden() {
    Unit unit = unit();
    Unit other = unit();

    assertRefused(
        403,
        wire.est(
            "simpleenroll", unit.idevid(), token(other), TestPki.request(TestPki.key(), "", null)));
    assertEquals(0, certificates(unit));
    assertEquals(0, certificates(other));
  }

  @Test
  void aCertificateWithItsOwnTokenEnrolls() {
    Unit unit = unit();

    issued(wire.est(
        "simpleenroll", unit.idevid(), token(unit), TestPki.request(TestPki.key(), "", null)));
  }

  @Test
  void aSelfSignedCertificateIsRefused() {
    Unit unit = unit();
    KeyPair keys = TestPki.key();
    Identity selfSigned = new Identity(
        keys,
        List.of(TestPki.certify(
            new X500Name("O=" + maker.name() + ",2.5.4.5=" + unit.serialNumber()),
            keys,
            null,
            YESTERDAY,
            TOMORROW,
            false,
            null)));

    assertRefused(401, enroll(selfSigned, TestPki.key()));
    assertEquals(0, certificates(unit));
  }

  @Test
  void aCertificateOfAnUnknownIssuerIsRefused() {
    Unit unit = unit();
    Identity unknown = TestPki.manufacturer("Nobody").idevid(unit.serialNumber());

    assertRefused(401, enroll(unknown, TestPki.key()));
    assertEquals(0, certificates(unit));
  }

  @Test
  void anIssuerThatOnlyHasTheRightNameIsRefused() {
    Unit unit = unit();
    Identity impostor = TestPki.manufacturer(maker.name()).idevid(unit.serialNumber());

    assertRefused(401, enroll(impostor, TestPki.key()));
    assertEquals(0, certificates(unit));
  }

  @Test
  void anExpiredCertificateIsRefused() {
    Unit unit = unit();
    Identity expired = maker.idevid(unit.serialNumber(), YESTERDAY, NOW.minusSeconds(60));

    assertRefused(401, enroll(expired, TestPki.key()));
    assertEquals(0, certificates(unit));
  }

  @Test
  void aCertificateThatIsNotYetValidIsRefused() {
    Unit unit = unit();
    Identity early = maker.idevid(unit.serialNumber(), NOW.plusSeconds(3600), TOMORROW);

    assertRefused(401, enroll(early, TestPki.key()));
    assertEquals(0, certificates(unit));
  }

  @Test
  void aDevicesOwnCertificateDoesNotEnrollAnew() {
    assertRefused(401, enroll(enrolled(unit()), TestPki.key()));
  }

  @Test
  void aDeviceThatIsNotRegisteredIsForbidden() {
    assertRefused(403, enroll(maker.idevid("never-registered"), TestPki.key()));
    awaitRefusal(maker.name(), "enrollment.refused", "not-registered");
  }

  @Test
  void aManufacturerCannotSpeakForTheDeviceOfAnother() {
    Unit unit = unit();
    Manufacturer other = TestPki.manufacturer("Other than " + maker.name());
    wire.register(other);

    assertRefused(403, enroll(other.idevid(unit.serialNumber()), TestPki.key()));
    assertEquals(0, certificates(unit));
  }

  @Test
  void anIdevidWithItsSerialNumberBesideAnotherNameEnrolls() {
    Unit unit = unit();
    KeyPair keys = TestPki.key();
    Identity idevid = new Identity(
        keys,
        List.of(TestPki.certify(
            new X500Name("O=Maker,CN=aaa+2.5.4.5=" + unit.serialNumber()),
            keys,
            maker.authority(),
            YESTERDAY,
            TOMORROW,
            false,
            null)));

    issued(enroll(idevid, TestPki.key()));
    assertEquals("active", state(unit));
  }

  @Test
  void aManufacturersRegistrationAuthorityIsForbidden() throws IOException {
    Unit unit = unit();
    ExtensionsGenerator purposes = new ExtensionsGenerator();
    purposes.addExtension(
        Extension.extendedKeyUsage, false, new ExtendedKeyUsage(new KeyPurposeId[] {
          KeyPurposeId.id_kp_clientAuth,
          KeyPurposeId.getInstance(new ASN1ObjectIdentifier("1.3.6.1.5.5.7.3.28"))
        }));
    KeyPair keys = TestPki.key();
    Identity authority = new Identity(
        keys,
        List.of(TestPki.certify(
            new X500Name("2.5.4.5=" + unit.serialNumber()),
            keys,
            maker.authority(),
            YESTERDAY,
            TOMORROW,
            false,
            purposes)));

    assertRefused(403, enroll(authority, TestPki.key()));
    assertEquals(0, certificates(unit));
  }

  @Test
  void aManufacturersFurtherAuthorityIsForbidden() {
    Unit unit = unit();
    Identity authority = intermediate(maker.authority(), "2.5.4.5=" + unit.serialNumber());

    assertRefused(
        403,
        enroll(new Identity(authority.keys(), authority.chain().subList(0, 1)), TestPki.key()));
    assertEquals(0, certificates(unit));
  }

  @Test
  void aChainThroughAnIntermediateEnrolls() {
    Unit unit = unit();

    issued(enroll(idevidBelow(1, unit), TestPki.key()));
  }

  @Test
  void aChainThatIsLongerThanItMayBeIsRefused() {
    Unit unit = unit();

    assertRefused(401, enroll(idevidBelow(6, unit), TestPki.key()));
    assertEquals(0, certificates(unit));
  }

  @Test
  void aChainThatIsMuchLongerDoesNotPassTheHandshake() {
    Unit unit = unit();
    Identity far = idevidBelow(9, unit);

    assertThrows(UncheckedIOException.class, () -> enroll(far, TestPki.key()));
    assertEquals(0, certificates(unit));
  }

  /** An IDevID with {@code depth} authorities between it and the anchor, all of them sent. */
  private Identity idevidBelow(int depth, Unit unit) {
    Identity issuer = maker.authority();
    for (int i = 0; i < depth; i++) {
      issuer = intermediate(issuer, "CN=Intermediate " + i);
    }
    KeyPair keys = TestPki.key();
    List<X509Certificate> chain = new ArrayList<>();
    chain.add(TestPki.certify(
        new X500Name("2.5.4.5=" + unit.serialNumber()),
        keys,
        issuer,
        YESTERDAY,
        TOMORROW,
        false,
        null));
    chain.addAll(issuer.chain().subList(0, depth));
    return new Identity(keys, chain);
  }

  private static Identity intermediate(Identity issuer, String name) {
    KeyPair keys = TestPki.key();
    List<X509Certificate> chain = new ArrayList<>();
    chain.add(TestPki.certify(new X500Name(name), keys, issuer, YESTERDAY, TOMORROW, true, null));
    chain.addAll(issuer.chain());
    return new Identity(keys, chain);
  }
}
