package io.sallyport.door.est;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.testing.Peers;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What csrattrs announces (RFC 7030 §4.5, RFC 8951 §3.2, RFC 9908), octet for octet, and that it is demanded then. */
@QuarkusTest
class EstCsrattrsConformanceTest extends EstServerTest {
  /** ecPublicKey with secp384r1, and an extension request for extKeyUsage clientAuth. */
  private static final String PLAIN =
      "3012" + "06072a8648ce3d0201" + "3107" + "06052b81040022" // key
          + "3024" + "06092a864886f70d01090e" + "3117" + "3015" + "3013" + "0603551d25"
          + "040c" + "300a" + "06082b06010505070302";

  /** Version, subject with a fixed O and an open serialNumber, the kind of key, the same extension request. */
  private static final String TEMPLATE = "306b" + "060b2a864886f70d010910023d" + "315c" + "305a"
      + "020100"
      + "3019" + "310e" + "300c" + "060355040a" + "0c05506c616e74"
      + "3107" + "3005" + "0603550405"
      + "a012" + "3010" + "06072a8648ce3d0201" + "06052b81040022"
      + "a126" + PLAIN.substring(40);

  private boolean labelled;

  @BeforeEach
  void labels() {
    if (labelled) {
      return;
    }
    labelled = true;
    label("est-csr-attributes", "requestTemplate: attributes", "[ec-p384]");
    label("est-csr-template", "requestTemplate: template", "[ec-p384]");
    label("est-csr-rsa", "requestTemplate: template", "[rsa-3072]");
    label("est-csr-bound", "channelBinding: required", "[ec-p384]");
    wire.document("/api/v1/profiles/" + PROFILE, """
        apiVersion: sallyport.io/v1
        kind: DeviceProfile
        metadata: {name: %s}
        spec: {certificateProfiles: [est-csr-template, est-csr-attributes, device]}
        """.formatted(PROFILE));
  }

  @ParameterizedTest
  @CsvSource({"est-csr-attributes, 303a", "est-csr-template, 3081a7"})
  void theAnnouncementIsThisOctetForOctet(String label, String head, @TempDir Path folder)
      throws Exception {
    HttpResponse<byte[]> answer = csrattrs(label + "/");

    assertEquals(200, answer.statusCode());
    assertEquals(
        "application/csrattrs", answer.headers().firstValue("Content-Type").orElse(""));
    assertEquals(
        1,
        new String(answer.body(), StandardCharsets.US_ASCII).lines().count(),
        "RFC 8951: one line");
    byte[] der = Base64.getDecoder().decode(text(answer).strip());
    assertEquals(
        head + PLAIN + (label.endsWith("template") ? TEMPLATE : ""),
        HexFormat.of().formatHex(der));
    Peers.need("openssl");
    Files.write(folder.resolve("csrattrs.der"), der);
    Peers.run(folder, "openssl", "asn1parse", "-inform", "DER", "-in", "csrattrs.der")
        .orFail();
  }

  @Test
  void anRsaTemplateHasAPlaceholderOfTheRightLength() {
    byte[] der = Base64.getDecoder().decode(text(csrattrs("est-csr-rsa/")).strip());
    String hex = HexFormat.of().formatHex(der);

    // INTEGER of 385 octets, the first of them zero: 3,072 bits.
    assertTrue(hex.contains("0282018100ff"), hex);
    assertTrue(hex.contains("0203010001"), hex);
  }

  @Test
  void aBoundProfileAnnouncesTheChallengePassword() {
    byte[] der = Base64.getDecoder().decode(text(csrattrs("est-csr-bound/")).strip());

    assertEquals("300b06092a864886f70d010907", HexFormat.of().formatHex(der));
  }

  @Test
  void aProfileWithoutTermsAnnouncesNothing() {
    for (String label : List.of("device/", "")) {
      HttpResponse<byte[]> answer = csrattrs(label);
      assertEquals(204, answer.statusCode());
      assertEquals(0, answer.body().length);
    }
    assertRefused(404, csrattrs("est-csr-nobody/"));
  }

  @Test
  void withoutALabelADeviceIsToldOfItsOwnDefault() {
    Unit unit = unit();
    KeyPair keys = p384();
    Identity current = new Identity(
        keys,
        List.of(issued(ask(
            "est-csr-template",
            unit,
            request(keys, "O=Plant,2.5.4.5=" + unit.serialNumber(), true)))));

    assertEquals(
        200, send(current, "GET", "/.well-known/est/csrattrs", new byte[0]).statusCode());
  }

  @Test
  void aRequestAsAnnouncedIsCertified() {
    Unit unit = unit();
    KeyPair keys = p384();

    X509Certificate certificate = issued(ask(
        "est-csr-template", unit, request(keys, "O=Plant,2.5.4.5=" + unit.serialNumber(), true)));

    assertEquals(keys.getPublic(), certificate.getPublicKey());
    issued(wire.est(
        "est-csr-template/simplereenroll",
        new Identity(keys, List.of(certificate)),
        null,
        request(
            p384(),
            X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded()),
            true)));
  }

  @ParameterizedTest(name = "{0}: {1}, extKeyUsage {2}, {3}")
  @CsvSource(
      delimiter = '|',
      value = {
        "est-csr-template   | O=Plant,2.5.4.5=%s | true  | p256 | key-kind-not-allowed",
        "est-csr-template   | O=Plant,2.5.4.5=%s | false | p384 | other-than-announced",
        "est-csr-template   | 2.5.4.5=%s         | true  | p384 | other-than-announced",
        "est-csr-template   | O=Plant            | true  | p384 | other-than-announced",
        "est-csr-template   | O=Shop,2.5.4.5=%s  | true  | p384 | other-than-announced",
        "est-csr-attributes | CN=%s              | false | p384 | other-than-announced",
        "est-csr-attributes | CN=%s              | true  | p256 | key-kind-not-allowed"
      })
  void aRequestThatIsNotAsAnnouncedIsRefused(
      String label, String subject, boolean purposes, String key, String problem) {
    Unit unit = unit();
    KeyPair keys = key.equals("p384") ? p384() : TestPki.key();

    assertRefused(
        400, ask(label, unit, request(keys, subject.formatted(unit.serialNumber()), purposes)));

    assertEquals(0, certificates(unit));
    awaitRefusal(unit.id(), "enrollment.refused", problem);
  }

  @Test
  void theNameOfAnotherDeviceIsForbiddenAsEver() {
    Unit unit = unit();

    assertRefused(
        403, ask("est-csr-template", unit, request(p384(), "O=Plant,2.5.4.5=other", true)));
  }

  @Test
  void withoutALabelAnIdevidIsToldOfItsDevicesDefault() {
    assertEquals(
        text(csrattrs("est-csr-template/")),
        text(send(unit().idevid(), "GET", "/.well-known/est/csrattrs", new byte[0])));
  }

  private HttpResponse<byte[]> csrattrs(String prefix) {
    return send(null, "GET", "/.well-known/est/" + prefix + "csrattrs", new byte[0]);
  }

  private HttpResponse<byte[]> ask(String label, Unit unit, byte[] request) {
    return wire.est(label + "/simpleenroll", unit.idevid(), null, request);
  }

  private static byte[] request(KeyPair keys, String subject, boolean purposes) {
    return request(keys, new X500Name(subject), purposes);
  }

  private static byte[] request(KeyPair keys, X500Name subject, boolean purposes) {
    try {
      var builder = new JcaPKCS10CertificationRequestBuilder(subject, keys.getPublic());
      if (purposes) {
        ExtensionsGenerator extensions = new ExtensionsGenerator();
        extensions.addExtension(
            Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_clientAuth));
        builder.addAttribute(
            PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate());
      }
      return builder.build(TestPki.signer(keys)).getEncoded();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static KeyPair p384() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp384r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private void label(String name, String terms, String keys) {
    wire.document("/api/v1/certificate-profiles/" + name, """
        apiVersion: sallyport.io/v1
        kind: CertificateProfile
        metadata: {name: %s}
        spec:
          keys: %s
          subject: [{O: Plant}, {serialNumber: "${hardware.serialNumber}"}]
          extendedKeyUsages: [clientAuth]
          enrollment: {%s}
        """.formatted(name, keys, terms));
  }
}
