package io.sallyport.devices;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Set;

/** Reads trust anchors and validates chains to them (RFC 5280 §6). */
final class TrustAnchors {
  /** An IDevID and its issuing authorities; a longer chain is an attempt to keep the validator busy. */
  static final int LONGEST_CHAIN = 6;

  private static final int CERT_SIGN = 5;

  private TrustAnchors() {}

  static X509Certificate parse(Der anchor) {
    X509Certificate certificate;
    try {
      certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(anchor.octets()));
    } catch (CertificateException e) {
      throw new Refusal(
          DeviceProblem.INVALID_ANCHOR, "A trust anchor cannot be read as an X.509 certificate.");
    }
    boolean[] usage = certificate.getKeyUsage();
    if (certificate.getBasicConstraints() < 0 || usage != null && !usage[CERT_SIGN]) {
      throw new Refusal(DeviceProblem.INVALID_ANCHOR, "A trust anchor must be a CA certificate.");
    }
    return certificate;
  }

  /**
   * How many certificates of {@code chain}, leaf first, {@code anchor} certifies: up to the first one that it issued and
   * that validates; what the peer sent beyond is not looked at. Zero when it certifies none.
   */
  static int certified(X509Certificate anchor, List<X509Certificate> chain, Instant time) {
    for (int length = 1; length <= chain.size(); length++) {
      X509Certificate last = chain.get(length - 1);
      if (last.getIssuerX500Principal().equals(anchor.getSubjectX500Principal())
          && !last.equals(anchor)
          && valid(anchor, chain.subList(0, length), time)) {
        return length;
      }
    }
    return 0;
  }

  private static boolean valid(X509Certificate anchor, List<X509Certificate> path, Instant time) {
    try {
      anchor.checkValidity(Date.from(time));
      PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(anchor, null)));
      parameters.setRevocationEnabled(false);
      parameters.setDate(Date.from(time));
      CertPathValidator.getInstance("PKIX")
          .validate(CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
      return true;
    } catch (GeneralSecurityException notCertified) {
      return false;
    }
  }
}
