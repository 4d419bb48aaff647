package io.sallyport.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.testing.Peers;
import io.sallyport.testing.TestPki;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CaTermsTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  private static CaTerms terms(String permitted, String excluded) {
    return new CaTerms(0, subtrees(permitted), subtrees(excluded), List.of());
  }

  private static List<NameSubtree> subtrees(String text) {
    return text.isEmpty()
        ? List.of()
        : Arrays.stream(text.split(" ")).map(NameSubtree::parse).toList();
  }

  private static Extensions extensions(CaTerms terms) {
    try {
      ExtensionsGenerator extensions = new ExtensionsGenerator();
      terms.addTo(extensions);
      return extensions.generate();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static GeneralNames names(String text) {
    return new GeneralNames(Arrays.stream(text.split(" "))
        .map(name -> {
          String value = name.substring(name.indexOf(':') + 1);
          return switch (name.substring(0, name.indexOf(':'))) {
            case "dns" -> new GeneralName(GeneralName.dNSName, value);
            case "uri" -> new GeneralName(GeneralName.uniformResourceIdentifier, value);
            default -> new GeneralName(GeneralName.iPAddress, value);
          };
        })
        .toArray(GeneralName[]::new));
  }

  /** What this server does not certify, OpenSSL does not accept, and the other way round. */
  @ParameterizedTest
  @CsvSource({
    "dns:plant.example, '', O=Plant, dns:a.plant.example, true",
    "dns:plant.example, '', O=Plant, dns:plant.example, true",
    "dns:plant.example, '', O=Plant, dns:A.PLANT.Example, true",
    "dns:plant.example, '', O=Plant, dns:aplant.example, false",
    "dns:plant.example, '', O=Plant, dns:plant.example.org, false",
    "dns:plant.example, '', O=Plant, ip:10.0.0.1, true",
    "dns:plant.example, dns:office.plant.example, O=Plant, dns:a.office.plant.example, false",
    "dns:plant.example, dns:office.plant.example, O=Plant, dns:a.plant.example, true",
    "'', dns:plant.example, O=Plant, dns:b.plant.example, false",
    "'', dns:plant.example, O=Plant, dns:b.other.example, true",
    "dns:plant.example, '', 'O=Plant,CN=x.other.example', '', false",
    "dns:plant.example, '', 'O=Plant,CN=x.plant.example', '', true",
    "dns:plant.example, '', 'O=Plant,CN=serial 7', '', true",
    "dns:plant.example, '', 'O=Plant,CN=x.other.example', dns:a.plant.example, true",
    "dn:O=Plant, '', 'O=Plant,CN=a', '', true",
    "dn:O=Plant, '', 'O=plant,CN=a', '', true",
    "dn:O=Plant, '', 'O=Plants,CN=a', '', false",
    "dn:O=Plant, '', 'CN=a,O=Plant', '', false",
    "'dn:O=Plant,OU=1', '', 'O=Plant,OU=2,CN=a', '', false",
    "'', 'dn:O=Plant,OU=2', 'O=Plant,OU=2,CN=a', '', false",
    "ip:10.0.0.0/8, '', O=Plant, ip:10.255.0.1, true",
    "ip:10.0.0.0/8, '', O=Plant, ip:11.0.0.1, false",
    "ip:10.0.0.0/8, ip:10.1.0.0/16, O=Plant, ip:10.1.2.3, false",
    "ip:2001:db8::/32, '', O=Plant, ip:2001:db8::1, true",
    "ip:2001:db8::/32, '', O=Plant, ip:2001:db9::1, false",
    "ip:10.0.0.0/8, '', O=Plant, ip:2001:db8::1, false",
    "uri:.plant.example, '', O=Plant, uri:https://a.plant.example/x, true",
    "uri:.plant.example, '', O=Plant, uri:https://plant.example/x, false",
    "uri:plant.example, '', O=Plant, uri:https://plant.example:8443/x, true",
    "uri:plant.example, '', O=Plant, uri:https://a.plant.example/, false",
    "uri:plant.example, '', O=Plant, uri:urn:uuid:0e2fbdb5-0000-4000-8000-000000000000, false",
    "'', uri:.plant.example, O=Plant, uri:https://b.plant.example/, false"
  })
  void namesAreJudgedAsOpensslJudgesThem(
      String permitted,
      String excluded,
      String subject,
      String alternatives,
      boolean passes,
      @TempDir Path folder)
      throws Exception {
    Peers.need("openssl");
    Extensions issuer = extensions(terms(permitted, excluded));
    X500Name name = new X500Name(BCStyle.INSTANCE, subject);
    GeneralNames names = alternatives.isEmpty() ? null : names(alternatives);

    assertEquals(passes, CaTerms.nameFault(issuer, name, names).isEmpty());

    KeyPair rootKey = TestPki.key();
    KeyPair leafKey = TestPki.key();
    X500Name rootName = new X500Name("CN=Constrained");
    X509v3CertificateBuilder root = builder(rootName, rootKey, rootName, rootKey);
    for (var id : issuer.getExtensionOIDs()) {
      root.addExtension(issuer.getExtension(id));
    }
    X509v3CertificateBuilder leaf = builder(rootName, rootKey, name, leafKey);
    if (names != null) {
      leaf.addExtension(Extension.subjectAlternativeName, false, names);
    }
    write(folder.resolve("root.pem"), root.build(TestPki.signer(rootKey)));
    write(folder.resolve("leaf.pem"), leaf.build(TestPki.signer(rootKey)));
    Peers.Said said =
        Peers.run(folder, "openssl", "verify", "-no_check_time", "-CAfile", "root.pem", "leaf.pem");
    assertEquals(passes, said.code() == 0, said.output());
  }

  private static X509v3CertificateBuilder builder(
      X500Name issuer, KeyPair issuerKey, X500Name subject, KeyPair key) {
    return new X509v3CertificateBuilder(
        issuer,
        BigInteger.TWO.pow(100).add(BigInteger.valueOf(key == issuerKey ? 1 : 2)),
        Date.from(NOW),
        Date.from(NOW.plus(Duration.ofDays(100))),
        subject,
        SubjectPublicKeyInfo.getInstance(key.getPublic().getEncoded()));
  }

  private static void write(Path file, X509CertificateHolder certificate) throws IOException {
    Files.writeString(file, TestPki.pem("CERTIFICATE", certificate.getEncoded()));
  }

  @Test
  void whatIsWrittenIsReadAgain() {
    CaTerms terms = new CaTerms(
        2,
        subtrees(
            "dns:plant.example uri:.plant.example dn:O=Plant ip:10.0.0.0/8 ip:2001:db8:0:0:0:0:0:0/32"),
        subtrees("dns:office.plant.example"),
        List.of("1.3.6.1.4.1.32473.1"));

    assertEquals(terms, CaTerms.of(extensions(terms)));
    assertEquals(CaTerms.ofPathLength(null), CaTerms.of(extensions(CaTerms.ofPathLength(null))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "plant.example",
        "mail:a@b.example",
        "dns:",
        "dns:.plant.example",
        "dns:a b",
        "uri:https://plant.example",
        "dn:",
        "dn:Plant",
        "ip:10.0.0.1/8",
        "ip:10.0.0.0/33",
        "ip:host"
      })
  void whatIsNoConstraintIsRefused(String text) {
    assertThrows(IllegalArgumentException.class, () -> NameSubtree.parse(text));
  }

  @ParameterizedTest
  @CsvSource({"0, 0, false", "1, 0, true", "1, 1, false", "2, 1, true", ", 5, true", "3, , false"})
  void aPathEndsSomewhere(Integer issuer, Integer child, boolean fits) {
    assertEquals(
        fits, CaTerms.ofPathLength(issuer).faultOf(CaTerms.ofPathLength(child)).isEmpty());
  }

  @Test
  void policiesAreThoseOfTheIssuer() {
    CaTerms issuer = new CaTerms(1, List.of(), List.of(), List.of("1.2.3", "1.2.4"));

    assertTrue(issuer.policyFault(List.of("1.2.4")).isEmpty());
    assertTrue(issuer.policyFault(List.of("1.2.5")).orElseThrow().contains("1.2.5"));
    assertTrue(new CaTerms(1, List.of(), List.of(), List.of(CaTerms.ANY_POLICY))
        .policyFault(List.of("1.2.5"))
        .isEmpty());
    assertTrue(CaTerms.ofPathLength(1).policyFault(List.of("1.2.5")).isEmpty());
  }
}
