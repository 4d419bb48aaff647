package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.testing.Patience;
import io.sallyport.testing.Peers;
import io.sallyport.testing.Plant;
import io.sallyport.testing.Plant.Unit;
import io.sallyport.testing.ServerTest;
import io.sallyport.testing.StatusClient;
import io.sallyport.testing.TestPki;
import io.sallyport.testing.TestPki.Identity;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An authority that was certified elsewhere, whose key identifier is not made as this server makes them (RFC 7093 §2). */
@QuarkusTest
class ForeignIdentifiersWireTest extends ServerTest {
  private static final int OCTETS = 20;

  /** Method 1: the leftmost 160 bits of SHA-256 over the bits of the key. */
  private static byte[] identifier(PublicKey key) {
    byte[] bits =
        SubjectPublicKeyInfo.getInstance(key.getEncoded()).getPublicKeyData().getOctets();
    return Arrays.copyOf(Digest.of(bits).octets(), OCTETS);
  }

  private static X509Certificate authority(
      X500Name subject, PublicKey key, KeyPair keys, @Nullable X509Certificate issuer)
      throws Exception {
    ExtensionsGenerator identifiers = new ExtensionsGenerator();
    identifiers.addExtension(
        Extension.subjectKeyIdentifier, false, new SubjectKeyIdentifier(identifier(key)));
    identifiers.addExtension(
        Extension.authorityKeyIdentifier,
        false,
        new AuthorityKeyIdentifier(identifier(keys.getPublic())));
    Instant now = Clock.systemUTC().instant();
    return TestPki.certify(
        subject,
        issuer == null ? keys : new KeyPair(key, null),
        issuer == null ? null : new Identity(keys, List.of(issuer)),
        now.minus(Duration.ofDays(1)),
        now.plus(Duration.ofDays(issuer == null ? 400 : 300)),
        true,
        identifiers);
  }

  private static byte[] namedIssuer(byte[] extension) {
    return AuthorityKeyIdentifier.getInstance(
            ASN1OctetString.getInstance(extension).getOctets())
        .getKeyIdentifierOctets();
  }

  @Test
  void whatItCertifiesNamesItByItsOwnIdentifierAndFallsWithIt(@TempDir Path folder)
      throws Exception {
    Peers.need("openssl", "certtool");
    KeyPair rootKeys = TestPki.key();
    X509Certificate root =
        authority(new X500Name("CN=Foreign Root"), rootKeys.getPublic(), rootKeys, null);
    try (Plant plant = Plant.open(wire, "foreign-ids")) {
      plant
          .person(
              "POST",
              "/api/v1/authorities",
              Map.of("name", "foreign-root", "certificate", TestPki.pem(root)))
          .expect(201);
      String asked = plant
          .person(
              "POST",
              "/api/v1/authorities",
              Map.of("name", "foreign-ids", "issuer", "foreign-root", "subject", "CN=Foreign Ids"))
          .expect(201)
          .json()
          .get("request")
          .asText();
      PublicKey key = key(asked);
      X509Certificate issuing = authority(new X500Name("CN=Foreign Ids"), key, rootKeys, root);
      plant
          .person(
              "POST",
              "/api/v1/authorities/foreign-ids/certificate",
              Map.of("certificate", TestPki.pem(issuing)))
          .expect(200);
      wire.document("/api/v1/certificate-profiles/foreign-ids", """
          apiVersion: sallyport.io/v1
          kind: CertificateProfile
          metadata: {name: foreign-ids}
          spec:
            issuer: foreign-ids
            subject: [{serialNumber: "${hardware.serialNumber}"}]
            extendedKeyUsages: [clientAuth]
          """);
      wire.document("/api/v1/profiles/foreign-ids", """
          apiVersion: sallyport.io/v1
          kind: DeviceProfile
          metadata: {name: foreign-ids}
          spec: {certificateProfiles: [foreign-ids]}
          """);
      plant.policySpec("""
          allow:
            - {peer: vms.plant.example, protocol: tcp, ports: [8554]}
          grant: {ttl: PT10M}
          """);

      Unit unit = plant.enrolled("FOREIGN-1");

      X509Certificate leaf = unit.identity().certificate();
      assertArrayEquals(
          identifier(key), namedIssuer(leaf.getExtensionValue("2.5.29.35")), "the issuer's own");
      StatusClient status = new StatusClient(wire);
      String path = StatusClient.list("foreign-ids", leaf.getSerialNumber());
      Patience.untilTrue("its first list", () -> status.get(path).statusCode() == 200);
      X509CRL list = status.crlAt(path);
      assertArrayEquals(identifier(key), namedIssuer(list.getExtensionValue("2.5.29.35")));
      Files.writeString(folder.resolve("root.pem"), TestPki.pem(root));
      Files.writeString(folder.resolve("issuer.pem"), TestPki.pem(issuing));
      Files.writeString(folder.resolve("leaf.pem"), TestPki.pem(leaf));
      Files.writeString(
          folder.resolve("chain.pem"),
          TestPki.pem(leaf) + TestPki.pem(issuing) + TestPki.pem(root));
      Files.writeString(folder.resolve("list.pem"), Der.of(list.getEncoded()).pem("X509 CRL"));
      Peers.run(
              folder,
              "openssl",
              "verify",
              "-x509_strict",
              "-crl_check",
              "-CRLfile",
              "list.pem",
              "-CAfile",
              "root.pem",
              "-untrusted",
              "issuer.pem",
              "leaf.pem")
          .orFail();
      String gnutls = Peers.run(
              folder,
              "certtool",
              "--verify",
              "--load-ca-certificate",
              "root.pem",
              "--infile",
              "chain.pem")
          .orFail();
      assertTrue(gnutls.contains("The certificate is trusted."), gnutls);
      assertNull(
          StatusClient.basic(status.post(
                  StatusClient.request(StatusClient.SHA_1, issuing, null, leaf.getSerialNumber())))
              .getResponses()[0]
              .getCertStatus(),
          "good");
      Patience.untilTrue("it is permitted", () -> unit.may(Plant.VIDEO));

      plant
          .person(
              "POST", "/api/v1/authorities/foreign-ids/revoke", Map.of("reason", "ca-compromise"))
          .expect(200);

      assertFalse(unit.may(Plant.VIDEO), "decisions know whose certificate it has");
      unit.challenge().expect(403);
    }
  }

  private static PublicKey key(String pem) throws Exception {
    try (PEMParser parser = new PEMParser(new StringReader(pem))) {
      return new JcaPKCS10CertificationRequest((PKCS10CertificationRequest) parser.readObject())
          .getPublicKey();
    }
  }
}
