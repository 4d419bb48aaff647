package io.sallyport.attestation;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Problem;
import io.sallyport.kernel.Refusal;
import java.io.ByteArrayInputStream;
import java.security.PublicKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Arrays;

/** Reads X.509 certificates. */
final class Certificates {
  private Certificates() {}

  /** The public key of a certificate that this server issued. */
  static PublicKey key(Der certificate) {
    try {
      return parse(certificate).getPublicKey();
    } catch (CertificateException e) {
      throw new IllegalStateException("an issued certificate cannot be read", e);
    }
  }

  /** A certificate from outside: DER and nothing behind it. */
  static X509Certificate read(Der certificate, String what, Problem problem) {
    try {
      X509Certificate read = parse(certificate);
      if (Arrays.equals(read.getEncoded(), certificate.octets())) {
        return read;
      }
    } catch (CertificateException e) {
      // refused below
    }
    throw new Refusal(problem, "The " + what + " cannot be read as an X.509 certificate in DER.");
  }

  static Der der(X509Certificate certificate) {
    try {
      return Der.of(certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a certificate that was read cannot be encoded", e);
    }
  }

  private static X509Certificate parse(Der certificate) throws CertificateException {
    return (X509Certificate) CertificateFactory.getInstance("X.509")
        .generateCertificate(new ByteArrayInputStream(certificate.octets()));
  }
}
