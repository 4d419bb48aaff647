package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.keys.KeyAlgorithm;
import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import org.bouncycastle.asn1.x509.Certificate;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.bouncycastle.cert.X509CertificateHolder;

/** Puts certificates together and takes them apart. */
final class CertificateParts {
  private CertificateParts() {}

  static TBSCertificate tbs(Der certificate) {
    return Certificate.getInstance(certificate.octets()).getTBSCertificate();
  }

  /** Bouncy Castle's view of a certificate. */
  static X509CertificateHolder holder(Der certificate) {
    return new X509CertificateHolder(Certificate.getInstance(certificate.octets()));
  }

  /** The JDK's view of a certificate. */
  static X509Certificate x509(Der certificate) {
    try {
      return (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(certificate.octets()));
    } catch (CertificateException e) {
      throw new IllegalStateException("a stored certificate cannot be read", e);
    }
  }

  /** The signed certificate (RFC 5280 §4.1), made of the octets that were recorded (law 1). Throws unless the signature is right. */
  static Der assemble(
      byte[] tbsCertificate, KeyAlgorithm algorithm, byte[] signature, Der issuerKey) {
    if (!verified(tbsCertificate, algorithm, signature, issuerKey)) {
      throw new IllegalStateException("the issuer's signature is wrong");
    }
    return Der.of(SignedSequence.of(tbsCertificate, algorithm, signature));
  }

  static boolean verified(byte[] data, KeyAlgorithm algorithm, byte[] signature, Der key) {
    return algorithm.verifies(key, data, signature);
  }
}
