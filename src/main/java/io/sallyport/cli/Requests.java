package io.sallyport.cli;

import io.sallyport.kernel.Der;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.RSAPublicKeySpec;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x500.style.IETFUtils;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.jcajce.provider.asymmetric.util.EC5Util;
import org.bouncycastle.jce.spec.ECParameterSpec;
import org.bouncycastle.math.ec.ECPoint;
import org.bouncycastle.math.ec.FixedPointCombMultiplier;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCS10CertificationRequestBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.jspecify.annotations.Nullable;

/** Keys and certification requests (PKCS #10, RFC 2986). */
final class Requests {
  private static final SecureRandom RANDOM = new SecureRandom();

  private Requests() {}

  /** A P-256 key pair. */
  static KeyPair newKey() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), RANDOM);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM has no P-256", e);
    }
  }

  /** A request for {@code subject} without any extension. */
  static Der forSubject(KeyPair pair, X500Name subject) {
    return forSubject(pair, subject, null);
  }

  /** A request for {@code subject} and {@code extensions}. */
  static Der forSubject(KeyPair pair, X500Name subject, @Nullable Extensions extensions) {
    PKCS10CertificationRequestBuilder builder =
        new JcaPKCS10CertificationRequestBuilder(subject, pair.getPublic());
    if (extensions != null) {
      builder.addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions);
    }
    return sign(builder, pair.getPrivate());
  }

  /** A request whose subject and subjectAltName equal those of {@code present} (RFC 7030 §4.2.2). */
  static Der likeCertificate(KeyPair pair, X509Certificate present) {
    return likeCertificate(pair, present, null);
  }

  /** The same with what else is asked for. */
  static Der likeCertificate(KeyPair pair, X509Certificate present, @Nullable Extensions asked) {
    try {
      JcaX509CertificateHolder holder = new JcaX509CertificateHolder(present);
      PKCS10CertificationRequestBuilder builder =
          new JcaPKCS10CertificationRequestBuilder(holder.getSubject(), pair.getPublic());
      ExtensionsGenerator extensions = new ExtensionsGenerator();
      Extension names = holder.getExtension(Extension.subjectAlternativeName);
      if (names != null) {
        extensions.addExtension(names);
      }
      if (asked != null) {
        for (ASN1ObjectIdentifier type : asked.getExtensionOIDs()) {
          if (!extensions.hasExtension(type)) {
            extensions.addExtension(asked.getExtension(type));
          }
        }
      }
      if (!extensions.isEmpty()) {
        builder.addAttribute(
            PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate());
      }
      return sign(builder, pair.getPrivate());
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The subject of a certificate, in the order of its octets. */
  static X500Name subject(X509Certificate certificate) {
    X500Principal principal = certificate.getSubjectX500Principal();
    return X500Name.getInstance(principal.getEncoded());
  }

  /** What a device calls itself before it has a name: its serial number, or nothing when {@code serial} is null. */
  static X500Name deviceName(@Nullable String serial) {
    X500NameBuilder name = new X500NameBuilder();
    return serial == null
        ? name.build()
        : name.addRDN(BCStyle.SERIALNUMBER, serial).addRDN(BCStyle.CN, serial).build();
  }

  /** The same with the serial number that an IDevID has (IEEE 802.1AR §8.6). */
  static X500Name deviceName(X509Certificate idevid) {
    RDN[] serials = subject(idevid).getRDNs(BCStyle.SERIALNUMBER);
    return deviceName(
        serials.length == 0
            ? null
            : IETFUtils.valueToString(serials[0].getFirst().getValue()));
  }

  /** Whether the two halves are of one key, tried by a signature. */
  static boolean belong(PrivateKey key, PublicKey publicKey) {
    if (!key.getAlgorithm().equals(publicKey.getAlgorithm())) {
      return false;
    }
    try {
      byte[] probe = new byte[32];
      RANDOM.nextBytes(probe);
      Signature signature = Signature.getInstance(signatureAlgorithm(key));
      signature.initSign(key);
      signature.update(probe);
      byte[] signed = signature.sign();
      // Another one: what a token or a TPM signs with verifies nothing.
      Signature verification = Signature.getInstance(signatureAlgorithm(key));
      verification.initVerify(publicKey);
      verification.update(probe);
      return verification.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  /** The public half, computed: PKCS #8 need not carry it. */
  static PublicKey publicHalf(PrivateKey key) {
    try {
      if (key instanceof TpmKey tpm) {
        return OpensslTpm.publicHalf(tpm);
      }
      if (key instanceof ECPrivateKey ec) {
        ECParameterSpec curve = EC5Util.convertSpec(ec.getParams());
        ECPoint point =
            new FixedPointCombMultiplier().multiply(curve.getG(), ec.getS()).normalize();
        return KeyFactory.getInstance("EC")
            .generatePublic(new ECPublicKeySpec(EC5Util.convertPoint(point), ec.getParams()));
      }
      if (key instanceof RSAPrivateCrtKey rsa) {
        return KeyFactory.getInstance("RSA")
            .generatePublic(new RSAPublicKeySpec(rsa.getModulus(), rsa.getPublicExponent()));
      }
    } catch (GeneralSecurityException e) {
      throw Failure.usage("The private key is not valid.");
    }
    throw Failure.usage(
        "A key of the kind " + key.getAlgorithm() + " cannot be used here; EC or RSA can.");
  }

  static String signatureAlgorithm(PrivateKey key) {
    return switch (key.getAlgorithm()) {
      case "EC" -> "SHA256withECDSA";
      case "RSA" -> "SHA256withRSA";
      default -> key.getAlgorithm();
    };
  }

  private static Der sign(PKCS10CertificationRequestBuilder builder, PrivateKey key) {
    try {
      PKCS10CertificationRequest request =
          builder.build(new JcaContentSignerBuilder(signatureAlgorithm(key)).build(key));
      return Der.of(request.getEncoded());
    } catch (OperatorCreationException | IOException e) {
      throw Failure.usage("The key cannot sign a certification request: " + e.getMessage());
    }
  }
}
