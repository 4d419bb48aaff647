package io.sallyport.admin.console;

import io.sallyport.kernel.Der;
import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;

/** Certificates for people. */
final class Certificates {
  private Certificates() {}

  /** A certificate. */
  record View(
      String subject,
      String issuer,
      String serial,
      String thumbprint,
      Instant notBefore,
      Instant notAfter,
      String key,
      String pem) {
    static View of(Der der) {
      X509Certificate certificate = read(der);
      return new View(
          certificate.getSubjectX500Principal().getName(),
          certificate.getIssuerX500Principal().getName(),
          certificate.getSerialNumber().toString(16),
          der.digest().hex(),
          certificate.getNotBefore().toInstant(),
          certificate.getNotAfter().toInstant(),
          certificate.getPublicKey().getAlgorithm() + ", signed with "
              + certificate.getSigAlgName(),
          der.pem("CERTIFICATE"));
    }
  }

  static X509Certificate read(Der der) {
    try {
      return (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(der.octets()));
    } catch (CertificateException e) {
      throw new IllegalStateException("a stored certificate is damaged", e);
    }
  }
}
