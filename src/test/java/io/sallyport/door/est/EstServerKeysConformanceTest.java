package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.Digest;
import io.sallyport.testing.Database;
import io.sallyport.testing.Peers;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.Wire;
import java.io.IOException;
import java.math.BigInteger;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERPrintableString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys that the server makes (RFC 7030 §4.4): off unless the profile allows it, and never in the clear against a wish. */
@QuarkusTest
class EstServerKeysConformanceTest extends EstServerTest {
  private static final String LABEL = "est-keygen";

  private static final String SEALED = "application/pkcs7-mime; smime-type=server-generated-key";
  private static final ASN1ObjectIdentifier SYMMETRIC =
      new ASN1ObjectIdentifier("1.2.840.113549.1.9.16.2.37");
  private static final ASN1ObjectIdentifier ASYMMETRIC =
      new ASN1ObjectIdentifier("1.2.840.113549.1.9.16.2.54");
  private static final ASN1ObjectIdentifier CAPABILITIES =
      new ASN1ObjectIdentifier("1.2.840.113549.1.9.15");
  private static final DERSequence AES_128 = capabilities("2.16.840.1.101.3.4.1.2");

  private boolean labelled;

  private record Given(byte[] key, X509Certificate certificate) {}

  @BeforeEach
  void labels() {
    if (labelled) {
      return;
    }
    labelled = true;
    label(LABEL, "[ec-p256]");
    label("est-keygen-rsa", "[rsa-2048]");
    wire.document("/api/v1/profiles/" + PROFILE, """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: %s}
        spec: {certificateProfiles: [device, est-keygen, est-keygen-rsa]}
        """.formatted(PROFILE));
  }

  @ParameterizedTest
  @ValueSource(strings = {LABEL, "est-keygen-rsa"})
  void keyAndCertificateBelongTogether(String label, @TempDir Path folder) throws Exception {
    Peers.need("openssl");
    Unit unit = unit();

    Given given = given(ask(label, unit.idevid(), null, request(TestPki.key())));

    Files.write(folder.resolve("key.der"), given.key);
    Files.writeString(folder.resolve("cert.pem"), TestPki.pem(given.certificate));
    String ofKey = Peers.run(
            folder, "openssl", "pkey", "-inform", "DER", "-in", "key.der", "-pubout")
        .orFail();
    String ofCertificate = Peers.run(
            folder, "openssl", "x509", "-in", "cert.pem", "-noout", "-pubkey")
        .orFail();
    assertEquals(ofCertificate, ofKey);
    // And the device renews by it, with a key of its own.
    KeyPair keys = new KeyPair(
        given.certificate.getPublicKey(),
        KeyFactory.getInstance(given.certificate.getPublicKey().getAlgorithm())
            .generatePrivate(new PKCS8EncodedKeySpec(given.key)));
    issued(wire.est(
        label + "/simplereenroll",
        new Identity(keys, List.of(given.certificate)),
        null,
        renewal(label.equals(LABEL) ? TestPki.key() : TestPki.rsa(2048), given.certificate)));
  }

  @Test
  void aRetryGetsTheSameKeyAndTheSameCertificate() {
    Unit unit = unit();

    Given first = given(ask(LABEL, unit.idevid(), null, request(TestPki.key())));
    Given again = given(ask(LABEL, unit.idevid(), null, request(TestPki.key())));

    assertEquals(first.certificate, again.certificate);
    assertArrayEquals(first.key, again.key);
    assertEquals(1, certificates(unit));
  }

  @Test
  void aTokenGivesOneKeyAndOneCertificate() {
    Unit unit = unit();
    String token = token(unit);

    Given first = given(ask(LABEL, null, token, request(TestPki.key())));
    Given again = given(ask(LABEL, null, token, request(TestPki.key())));

    assertEquals(first.certificate, again.certificate);
    assertRefused(403, wire.est("simpleenroll", null, token, request(TestPki.key())));
  }

  @Test
  void theRequestsOwnKeyAndSignatureAreNotLookedAt() {
    Unit unit = unit();
    byte[] request = request(TestPki.rsa(1024));
    request[request.length - 1] ^= 1;

    given(ask(LABEL, unit.idevid(), null, request));
  }

  @Test
  void twoDevicesGetTwoKeys() {
    Given one = given(ask(LABEL, unit().idevid(), null, request(TestPki.key())));
    Given other = given(ask(LABEL, unit().idevid(), null, request(TestPki.key())));

    assertNotEquals(one.certificate.getPublicKey(), other.certificate.getPublicKey());
  }

  @Test
  void whatIsKeptForRetriesIsSealed() throws SQLException {
    Given given = given(ask(LABEL, unit().idevid(), null, request(TestPki.key())));
    String key = new String(given.key, StandardCharsets.ISO_8859_1);
    // The private scalar, without what every such key begins with.
    String secret = key.substring(36, 68);

    int rows = 0;
    try (Connection connection = Database.connect();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select sealed from generated_key")) {
      while (row.next()) {
        rows++;
        assertFalse(new String(row.getBytes(1), StandardCharsets.ISO_8859_1).contains(secret));
      }
    }
    assertTrue(rows > 0);
  }

  @Test
  void aProfileThatDoesNotAllowItGivesNone() {
    Unit unit = unit();

    assertRefused(501, ask("device", unit.idevid(), null, request(TestPki.key())));
    assertEquals(0, certificates(unit));
    awaitRefusal(unit.id(), "enrollment.refused", "key-generation-not-allowed");
  }

  @Test
  void withoutCredentialsThereIsNone() {
    assertRefused(401, ask(LABEL, null, null, request(TestPki.key())));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"1.2.840.113549.1.9.16.2.37", "1.2.840.113549.1.9.16.2.54", "1.2.840.113549.1.9.15"
      })
  void whoeverWantsItEncryptedGetsNoneInTheClear(String attribute) {
    Unit unit = unit();
    byte[] request = request(
        TestPki.key(),
        new X500Name(""),
        null,
        Map.of(new ASN1ObjectIdentifier(attribute), new DEROctetString(new byte[20])));

    assertRefused(400, ask(LABEL, unit.idevid(), null, request));
    assertEquals(0, certificates(unit));
    awaitRefusal(unit.id(), "enrollment.refused", "key-encryption-not-supported");
  }

  /** AsymmetricDecryptKeyIdentifier: RSA by key transport, EC by ephemeral-static ECDH; the LDevID of a token too. */
  @ParameterizedTest
  @ValueSource(strings = {"RSA", "EC"})
  void theKeyIsSignedAndEncryptedForTheClientsCertificate(String algorithm, @TempDir Path folder)
      throws Exception {
    Peers.need("openssl");
    KeyPair keys = algorithm.equals("RSA") ? TestPki.rsa(2048) : TestPki.key();
    Unit unit = encrypting(
        keys, KeyUsage.digitalSignature | KeyUsage.keyEncipherment | KeyUsage.keyAgreement);
    byte[] request =
        asking(Map.of(ASYMMETRIC, new DEROctetString(keyIdentifier(keys)), CAPABILITIES, AES_128));

    Given given = given(ask(LABEL, unit.idevid(), null, request), SEALED);

    Files.write(folder.resolve("key.p7"), given.key);
    Files.writeString(folder.resolve("own.pem"), TestPki.pem(unit.idevid().certificate()));
    Files.writeString(
        folder.resolve("own.key"), TestPki.pem("PRIVATE KEY", keys.getPrivate().getEncoded()));
    Peers.run(
            folder,
            "openssl",
            "cms",
            "-decrypt",
            "-inform",
            "DER",
            "-in",
            "key.p7",
            "-recip",
            "own.pem",
            "-inkey",
            "own.key",
            "-out",
            "signed")
        .orFail();
    assertSignedKeyOf(given.certificate, folder);
    assertTrue(
        Peers.run(folder, "openssl", "cms", "-cmsout", "-print", "-inform", "DER", "-in", "key.p7")
            .orFail()
            .contains("aes-128-cbc"),
        "not the cipher that the client asked for");
  }

  /** DecryptKeyIdentifier: a secret that the device shares with the server. */
  @ParameterizedTest
  @ValueSource(ints = {16, 24, 32})
  void theKeyIsSignedAndEncryptedByASharedSecret(int octets, @TempDir Path folder)
      throws Exception {
    Peers.need("openssl");
    Unit unit = unit();
    byte[] secret = new byte[octets];
    Arrays.fill(secret, (byte) 0x5a);
    share(unit, "c0ffee", secret);
    byte[] request =
        asking(Map.of(SYMMETRIC, new DEROctetString(HexFormat.of().parseHex("c0ffee"))));

    Given given = given(ask(LABEL, null, token(unit), request), SEALED);

    Files.write(folder.resolve("key.p7"), given.key);
    Peers.run(
            folder,
            "openssl",
            "cms",
            "-decrypt",
            "-inform",
            "DER",
            "-in",
            "key.p7",
            "-secretkey",
            HexFormat.of().formatHex(secret),
            "-secretkeyid",
            "c0ffee",
            "-out",
            "signed")
        .orFail();
    assertSignedKeyOf(given.certificate, folder);
    String listed = wire.admin("GET", "/api/v1/devices/" + unit.id() + "/decryption-keys", null)
        .toString();
    assertTrue(listed.contains("c0ffee"), listed);
    assertFalse(listed.contains(Base64.getEncoder().encodeToString(secret)), listed);
  }

  @Test
  void aRetryGetsTheSameKeyInAnotherEnvelope() throws Exception {
    KeyPair keys = TestPki.rsa(2048);
    Unit unit = encrypting(keys, KeyUsage.digitalSignature | KeyUsage.keyEncipherment);
    byte[] request = asking(Map.of(ASYMMETRIC, new DEROctetString(keyIdentifier(keys))));

    Given first = given(ask(LABEL, unit.idevid(), null, request), SEALED);
    Given again = given(ask(LABEL, unit.idevid(), null, request), SEALED);

    assertEquals(first.certificate, again.certificate);
    assertFalse(Arrays.equals(first.key, again.key));
    assertEquals(1, certificates(unit));
  }

  static Stream<Arguments> wishesThatCannotBeMet() {
    KeyPair rsa = TestPki.rsa(2048);
    KeyPair curve = TestPki.key();
    int all = KeyUsage.digitalSignature | KeyUsage.keyEncipherment | KeyUsage.keyAgreement;
    DEROctetString ofRsa = new DEROctetString(keyIdentifier(rsa));
    DEROctetString ofCurve = new DEROctetString(keyIdentifier(curve));
    return Stream.of(
        Arguments.argumentSet(
            "an RSA key for signatures alone",
            rsa,
            KeyUsage.digitalSignature,
            Map.of(ASYMMETRIC, ofRsa)),
        Arguments.argumentSet(
            "an EC key for key transport",
            curve,
            KeyUsage.digitalSignature | KeyUsage.keyEncipherment,
            Map.of(ASYMMETRIC, ofCurve)),
        Arguments.argumentSet("somebody else's key", rsa, all, Map.of(ASYMMETRIC, ofCurve)),
        Arguments.argumentSet(
            "an empty identifier", rsa, all, Map.of(ASYMMETRIC, new DEROctetString(new byte[0]))),
        Arguments.argumentSet(
            "a long identifier", rsa, all, Map.of(ASYMMETRIC, new DEROctetString(new byte[65]))),
        Arguments.argumentSet(
            "no identifier at all", rsa, all, Map.of(ASYMMETRIC, new DERUTF8String("x"))),
        Arguments.argumentSet("a secret that nobody shares", rsa, all, Map.of(SYMMETRIC, ofRsa)),
        Arguments.argumentSet("two keys", rsa, all, Map.of(SYMMETRIC, ofRsa, ASYMMETRIC, ofRsa)),
        Arguments.argumentSet("capabilities alone", rsa, all, Map.of(CAPABILITIES, AES_128)),
        Arguments.argumentSet(
            "triple DES",
            rsa,
            all,
            Map.of(ASYMMETRIC, ofRsa, CAPABILITIES, capabilities("1.2.840.113549.3.7"))),
        Arguments.argumentSet(
            "capabilities that are none",
            rsa,
            all,
            Map.of(ASYMMETRIC, ofRsa, CAPABILITIES, new DERUTF8String("aes"))));
  }

  @ParameterizedTest
  @MethodSource
  void wishesThatCannotBeMet(
      KeyPair keys, int usage, Map<ASN1ObjectIdentifier, ASN1Encodable> attributes)
      throws Exception {
    Unit unit = encrypting(keys, usage);

    assertRefused(400, ask(LABEL, unit.idevid(), null, asking(attributes)));

    assertEquals(0, certificates(unit));
    awaitRefusal(unit.id(), "enrollment.refused", "key-encryption-not-supported");
  }

  @Test
  void aSharedSecretIsRemovedAndSoIsWhatItWasFor() {
    Unit unit = unit();
    share(unit, "0a", new byte[16]);
    wire.admin("DELETE", "/api/v1/devices/" + unit.id() + "/decryption-keys/0a", null);

    assertRefused(
        400,
        ask(LABEL, unit.idevid(), null, asking(Map.of(SYMMETRIC, new DEROctetString(new byte[] {10
        })))));
  }

  private void share(Unit unit, String identifier, byte[] secret) {
    wire.admin(
        "PUT",
        "/api/v1/devices/" + unit.id() + "/decryption-keys/" + identifier,
        Map.of("secret", Base64.getEncoder().encodeToString(secret)));
  }

  /** What was decrypted is a SignedData, which openssl takes when it stands in a ContentInfo. */
  private void assertSignedKeyOf(X509Certificate certificate, Path folder) throws Exception {
    byte[] signed = Files.readAllBytes(folder.resolve("signed"));
    Files.write(
        folder.resolve("signed.p7"),
        new ContentInfo(CMSObjectIdentifiers.signedData, ASN1Primitive.fromByteArray(signed))
            .getEncoded());
    Path root = Path.of(ConfigProvider.getConfig().getValue("sallyport.data", String.class))
        .resolve("root.pem");
    Peers.run(
            folder,
            "openssl",
            "cms",
            "-verify",
            "-binary",
            "-inform",
            "DER",
            "-in",
            "signed.p7",
            "-CAfile",
            root.toString(),
            "-out",
            "keys")
        .orFail();
    ASN1Sequence keys = ASN1Sequence.getInstance(Files.readAllBytes(folder.resolve("keys")));
    assertEquals(1, keys.size());
    Files.write(folder.resolve("key.der"), keys.getObjectAt(0).toASN1Primitive().getEncoded());
    Files.writeString(folder.resolve("cert.pem"), TestPki.pem(certificate));
    assertEquals(
        Peers.run(folder, "openssl", "x509", "-in", "cert.pem", "-noout", "-pubkey")
            .orFail(),
        Peers.run(folder, "openssl", "pkey", "-inform", "DER", "-in", "key.der", "-pubout")
            .orFail());
  }

  /** A device whose IDevID's key may be used so. */
  private Unit encrypting(KeyPair keys, int usage) throws Exception {
    Unit unit = unit();
    JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
        maker.authority().certificate(),
        BigInteger.valueOf(System.nanoTime()),
        Date.from(Instant.now().minusSeconds(3600)),
        Date.from(Instant.now().plusSeconds(3600)),
        new X500Principal("2.5.4.5=#" + printable(unit.serialNumber()) + ",CN=IDevID"),
        keys.getPublic());
    builder.addExtension(Extension.keyUsage, true, new KeyUsage(usage));
    builder.addExtension(
        Extension.subjectKeyIdentifier, false, new SubjectKeyIdentifier(keyIdentifier(keys)));
    X509Certificate idevid = new JcaX509CertificateConverter()
        .getCertificate(builder.build(TestPki.signer(maker.authority().keys())));
    return new Unit(unit.id(), unit.serialNumber(), new Identity(keys, List.of(idevid)));
  }

  private static String printable(String text) throws IOException {
    return HexFormat.of().formatHex(new DERPrintableString(text).getEncoded());
  }

  private static byte[] keyIdentifier(KeyPair keys) {
    return Arrays.copyOf(Digest.of(keys.getPublic().getEncoded()).octets(), 20);
  }

  private static DERSequence capabilities(String oid) {
    return new DERSequence(new DERSequence(new ASN1ObjectIdentifier(oid)));
  }

  private static byte[] asking(Map<ASN1ObjectIdentifier, ASN1Encodable> attributes) {
    return request(TestPki.key(), new X500Name(""), null, attributes);
  }

  @Test
  void whatIsNoRequestIsRefused() {
    assertRefused(400, ask(LABEL, unit().idevid(), null, new byte[] {0x30, 0x00}));
  }

  private HttpResponse<byte[]> ask(
      String label, @Nullable Identity identity, @Nullable String token, byte[] request) {
    return wire.est(label + "/serverkeygen", identity, token, request);
  }

  private static byte[] request(KeyPair keys) {
    return TestPki.request(keys, "", null);
  }

  private static Given given(HttpResponse<byte[]> answer) {
    return given(answer, "application/pkcs8");
  }

  private static Given given(HttpResponse<byte[]> answer, String keyType) {
    assertEquals(200, answer.statusCode(), () -> text(answer));
    String type = answer.headers().firstValue("Content-Type").orElse("");
    assertTrue(type.startsWith("multipart/mixed; boundary="), type);
    String[] parts = text(answer).split("--" + type.substring(type.indexOf('=') + 1));
    assertEquals(4, parts.length, "nothing, key, certificate, end");
    assertTrue(parts[1].contains("Content-Type: " + keyType + "\r\n"), "no key first");
    assertTrue(
        parts[2].contains("Content-Type: application/pkcs7-mime; smime-type=certs-only\r\n"),
        "no certificate after it");
    assertTrue(parts[3].startsWith("--"), parts[3]);
    return new Given(
        Base64.getDecoder().decode(content(parts[1])),
        Wire.certificates(content(parts[2]).getBytes(StandardCharsets.US_ASCII)).getFirst());
  }

  private static String content(String part) {
    return part.substring(part.indexOf("\r\n\r\n")).strip();
  }

  private void label(String name, String keys) {
    wire.document("/api/v1/certificate-profiles/" + name, """
        apiVersion: sallyport.io/v1
        kind: CertificateProfile
        metadata: {name: %s}
        spec:
          keys: %s
          subject: [{serialNumber: "${hardware.serialNumber}"}]
          extendedKeyUsages: [clientAuth]
          enrollment: {serverKeyGeneration: true}
        """.formatted(name, keys));
  }
}
