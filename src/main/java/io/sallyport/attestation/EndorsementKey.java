package io.sallyport.attestation;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.KeyRules;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.RSAPublicKeySpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Set;

/**
 * An endorsement key that a trusted root vouches for (TCG EK Credential Profile for TPM 2.0): RSA-2048, with the default
 * template.
 *
 * @param digest SHA-256 over its SubjectPublicKeyInfo
 */
record EndorsementKey(RSAPublicKey key, Digest digest) {
  /** What a device may send besides the EK certificate; a longer chain is an attempt to keep the validator busy. */
  static final int LONGEST_CHAIN = 4;

  /** tcg-kp-EKCertificate. */
  private static final String USAGE = "2.23.133.8.1";

  private static final int RSA_BITS = 2048;
  private static final int KEY_ENCIPHERMENT = 2;

  /** Reads the certificate and validates it to one of {@code anchors} at {@code now} (RFC 5280 §6). */
  static EndorsementKey of(
      Der certificate, List<Der> chain, List<X509Certificate> anchors, Instant now) {
    X509Certificate leaf = read(certificate, "EK certificate");
    if (!(leaf.getPublicKey() instanceof RSAPublicKey rsa)
        || rsa.getModulus().bitLength() != RSA_BITS) {
      throw new Refusal(
          CommonProblem.NOT_SUPPORTED,
          "Endorsement keys other than RSA-2048 are not supported yet; use that of the TPM's RSA template.");
    }
    requireUse(leaf);
    if (chain.size() > LONGEST_CHAIN) {
      throw untrusted("The EK chain may have " + LONGEST_CHAIN + " certificates at most.");
    }
    List<X509Certificate> path = new ArrayList<>(List.of(leaf));
    chain.forEach(link -> path.add(read(link, "EK chain")));
    if (anchors.stream().noneMatch(anchor -> certifies(anchor, path, now))) {
      throw untrusted(
          "The EK certificate leads to no trusted TPM root; an operator has to apply its maker's root, or"
              + " send what lies between as ek_chain.");
    }
    Der subjectPublicKeyInfo = canonical(rsa);
    try {
      KeyRules.check(subjectPublicKeyInfo);
    } catch (Refusal weak) {
      throw untrusted("The endorsement key cannot be taken. " + weak.detail());
    }
    return new EndorsementKey(rsa, subjectPublicKeyInfo.digest());
  }

  private static X509Certificate read(Der certificate, String what) {
    return Certificates.read(certificate, what, AttestationProblem.INVALID_ATTESTATION_KEY);
  }

  /** Law 10: what a TPM's maker certifies for another use is no endorsement key. */
  private static void requireUse(X509Certificate leaf) {
    boolean endorsement;
    try {
      List<String> usages = leaf.getExtendedKeyUsage();
      endorsement = usages != null && usages.contains(USAGE);
    } catch (CertificateParsingException e) {
      endorsement = false;
    }
    boolean[] usage = leaf.getKeyUsage();
    if (!endorsement
        || leaf.getBasicConstraints() >= 0
        || usage != null && !usage[KEY_ENCIPHERMENT]) {
      throw untrusted("The certificate is not one of an endorsement key (" + USAGE + ").");
    }
  }

  private static boolean certifies(
      X509Certificate anchor, List<X509Certificate> path, Instant now) {
    for (int length = 1; length <= path.size(); length++) {
      X509Certificate last = path.get(length - 1);
      if (last.getIssuerX500Principal().equals(anchor.getSubjectX500Principal())
          && !last.equals(anchor)
          && valid(anchor, path.subList(0, length), now)) {
        return true;
      }
    }
    return false;
  }

  private static boolean valid(X509Certificate anchor, List<X509Certificate> path, Instant now) {
    try {
      anchor.checkValidity(Date.from(now));
      PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(anchor, null)));
      // Makers of TPMs revoke EK certificates rarely, if at all, and a plant may have no way out to
      // ask.
      parameters.setRevocationEnabled(false);
      parameters.setDate(Date.from(now));
      CertPathValidator.getInstance("PKIX")
          .validate(CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
      return true;
    } catch (GeneralSecurityException notCertified) {
      return false;
    }
  }

  /** In one encoding: with two, one key could live on two hardware units (law 3). */
  private static Der canonical(RSAPublicKey key) {
    try {
      return Der.of(KeyFactory.getInstance("RSA")
          .generatePublic(new RSAPublicKeySpec(key.getModulus(), key.getPublicExponent()))
          .getEncoded());
    } catch (GeneralSecurityException e) {
      throw untrusted("The endorsement key cannot be read.");
    }
  }

  private static Refusal untrusted(String detail) {
    return new Refusal(AttestationProblem.UNTRUSTED_ENDORSEMENT_KEY, detail);
  }
}
