package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Database;
import io.sallyport.testing.Peers;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import io.sallyport.testing.Wire;
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
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.x500.X500Name;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys that the server makes (RFC 7030 §4.4): off unless the profile allows it, and never in the clear against a wish. */
@QuarkusTest
class EstServerKeysConformanceTest extends EstServerTest {
  private static final String LABEL = "est-keygen";

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
    assertEquals(200, answer.statusCode(), () -> text(answer));
    String type = answer.headers().firstValue("Content-Type").orElse("");
    assertTrue(type.startsWith("multipart/mixed; boundary="), type);
    String[] parts = text(answer).split("--" + type.substring(type.indexOf('=') + 1));
    assertEquals(4, parts.length, "nothing, key, certificate, end");
    assertTrue(parts[1].contains("Content-Type: application/pkcs8\r\n"), "no key first");
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
