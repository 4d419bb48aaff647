package io.sallyport.testing;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequestBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.jspecify.annotations.Nullable;

/** Keys, manufacturers, IDevIDs and certificate requests in one call each. */
public final class TestPki {
  private static final AtomicLong SERIALS = new AtomicLong(System.nanoTime());

  private TestPki() {}

  /** A key with its certificate chain, leaf first. */
  public record Identity(KeyPair keys, List<X509Certificate> chain) {
    public Identity {
      chain = List.copyOf(chain);
    }

    public X509Certificate certificate() {
      return chain.getFirst();
    }
  }

  /** A manufacturer's certification authority. */
  public record Manufacturer(String name, Identity authority) {
    public String pem() {
      return TestPki.pem(authority.certificate());
    }

    /** An IDevID certificate (802.1AR) that is valid now and never expires. */
    public Identity idevid(String serialNumber) {
      return idevid(
          serialNumber,
          Instant.now().minus(1, ChronoUnit.DAYS),
          Instant.parse("9999-12-31T23:59:59Z"));
    }

    public Identity idevid(String serialNumber, Instant notBefore, Instant notAfter) {
      KeyPair keys = TestPki.key();
      X509Certificate certificate = certify(
          new X500Name("O=" + name + ",2.5.4.5=" + serialNumber + ",CN=IDevID"),
          keys,
          authority,
          notBefore,
          notAfter,
          false,
          issuedBy(authority));
      return new Identity(keys, List.of(certificate));
    }
  }

  private static ExtensionsGenerator issuedBy(Identity authority) {
    try {
      ExtensionsGenerator extensions = new ExtensionsGenerator();
      extensions.addExtension(
          Extension.authorityKeyIdentifier,
          false,
          new JcaX509ExtensionUtils()
              .createAuthorityKeyIdentifier(authority.certificate().getPublicKey()));
      return extensions;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  public static Manufacturer manufacturer(String name) {
    KeyPair keys = key();
    X500Name subject = new X500Name("O=" + name + ",CN=" + name + " IDevID CA");
    X509Certificate certificate = certify(
        subject,
        keys,
        null,
        Instant.now().minus(1, ChronoUnit.DAYS),
        Instant.now().plus(3650, ChronoUnit.DAYS),
        true,
        null);
    return new Manufacturer(name, new Identity(keys, List.of(certificate)));
  }

  public static KeyPair key() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  public static KeyPair rsa(int bits) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(bits);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A certificate by {@code issuer}, or self-signed without one; {@code extra} replaces the default extensions. */
  public static X509Certificate certify(
      X500Name subject,
      KeyPair keys,
      @Nullable Identity issuer,
      Instant notBefore,
      Instant notAfter,
      boolean authority,
      @Nullable ExtensionsGenerator extra) {
    try {
      X500Name issuerName = issuer == null
          ? subject
          : X500Name.getInstance(issuer.certificate().getSubjectX500Principal().getEncoded());
      JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
          issuerName,
          BigInteger.valueOf(SERIALS.incrementAndGet()),
          Date.from(notBefore),
          Date.from(notAfter),
          subject,
          keys.getPublic());
      builder.addExtension(
          Extension.basicConstraints,
          true,
          authority ? new BasicConstraints(true) : new BasicConstraints(false));
      builder.addExtension(
          Extension.keyUsage,
          true,
          new KeyUsage(
              authority ? KeyUsage.keyCertSign | KeyUsage.cRLSign : KeyUsage.digitalSignature));
      if (extra != null) {
        for (var oid : extra.generate().getExtensionOIDs()) {
          builder.addExtension(extra.generate().getExtension(oid));
        }
      }
      return new JcaX509CertificateConverter()
          .getCertificate(builder.build(signer(issuer == null ? keys : issuer.keys())));
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A PKCS #10 request in DER. */
  public static byte[] request(KeyPair keys, String subject, @Nullable GeneralNames names) {
    try {
      PKCS10CertificationRequestBuilder builder =
          new JcaPKCS10CertificationRequestBuilder(new X500Name(subject), keys.getPublic());
      if (names != null) {
        ExtensionsGenerator extensions = new ExtensionsGenerator();
        extensions.addExtension(Extension.subjectAlternativeName, false, names);
        builder.addAttribute(
            PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate());
      }
      return builder.build(signer(keys)).getEncoded();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  public static ContentSigner signer(KeyPair keys) {
    try {
      String algorithm = switch (keys.getPrivate().getAlgorithm()) {
        case "RSA" -> "SHA256withRSA";
        case "ML-DSA-44", "ML-DSA-65", "ML-DSA-87" -> keys.getPrivate().getAlgorithm();
        default -> "SHA256withECDSA";
      };
      JcaContentSignerBuilder builder = new JcaContentSignerBuilder(algorithm);
      if (algorithm.startsWith("ML-DSA")) {
        // Made there, and no other provider reads its private keys.
        builder.setProvider(new BouncyCastleProvider());
      }
      return builder.build(keys.getPrivate());
    } catch (OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }

  public static String pem(X509Certificate certificate) {
    try {
      return pem("CERTIFICATE", certificate.getEncoded());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  public static String pem(String label, byte[] der) {
    return "-----BEGIN " + label + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
        + "\n-----END " + label + "-----\n";
  }
}
