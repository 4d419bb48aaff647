package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyHandle;
import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;

/** What a root that is kept elsewhere must have signed (RFC 5280 §4.2.1.3, §4.2.1.9). */
final class AdoptedCertificates {
  private static final int CERT_SIGN = 5;
  private static final int CRL_SIGN = 6;

  private AdoptedCertificates() {}

  static void requireRoot(Der root, Instant time) {
    X509Certificate certificate = read("root", root);
    requireAuthority("root", certificate, time);
    requireSignedBy("root", certificate, certificate);
  }

  static void require(String name, Der adopted, KeyHandle key, Der root, Instant time) {
    X509Certificate certificate = read(name, adopted);
    requireAuthority(name, certificate, time);
    if (!key(adopted).equals(key.subjectPublicKeyInfo().digest())) {
      throw bad(name, "is for another key than the request that this server made");
    }
    X509Certificate issuer = read("root", root);
    if (!certificate.getIssuerX500Principal().equals(issuer.getSubjectX500Principal())) {
      throw bad(name, "names another issuer than the root");
    }
    requireSignedBy(name, certificate, issuer);
    if (certificate.getNotAfter().after(issuer.getNotAfter())) {
      throw bad(name, "outlives the root");
    }
  }

  static Digest key(Der certificate) {
    return Digest.of(read("authority", certificate).getPublicKey().getEncoded());
  }

  private static void requireAuthority(String name, X509Certificate certificate, Instant time) {
    boolean[] usage = certificate.getKeyUsage();
    boolean root =
        certificate.getSubjectX500Principal().equals(certificate.getIssuerX500Principal());
    // A root without the extension may do everything (RFC 5280 §4.2.1.3); others must say it.
    boolean may = usage == null ? root : usage[CERT_SIGN] && usage[CRL_SIGN];
    if (certificate.getBasicConstraints() < 0 || !may) {
      throw bad(name, "must be a CA certificate with key usage keyCertSign and cRLSign");
    }
    if (certificate.getExtensionValue("2.5.29.14") == null) {
      throw bad(name, "has no subject key identifier");
    }
    if (Date.from(time).before(certificate.getNotBefore())
        || Date.from(time).after(certificate.getNotAfter())) {
      throw bad(name, "is outside its validity");
    }
  }

  private static void requireSignedBy(
      String name, X509Certificate certificate, X509Certificate issuer) {
    try {
      certificate.verify(issuer.getPublicKey());
    } catch (GeneralSecurityException e) {
      throw bad(name, "is not signed by the root");
    }
  }

  private static X509Certificate read(String name, Der certificate) {
    try {
      return (X509Certificate) CertificateFactory.getInstance("X.509")
          .generateCertificate(new ByteArrayInputStream(certificate.octets()));
    } catch (CertificateException e) {
      throw bad(name, "cannot be read");
    }
  }

  private static Refusal bad(String name, String why) {
    return new Refusal(
        PkiProblem.BAD_AUTHORITY_CERTIFICATE, "The certificate of \"" + name + "\" " + why + ".");
  }
}
