package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.pki.Authorities.Authority;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.math.BigInteger;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x509.Certificate;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.jspecify.annotations.Nullable;

/** Whether a stored certificate is still what was recorded before it was signed, signed by its issuer, and by the rules. */
@Singleton
final class CertificateRecheck {
  private final Authorities authorities;
  private final KeyBlocklist blocklist;

  CertificateRecheck(Authorities authorities, KeyBlocklist blocklist) {
    this.authorities = authorities;
    this.blocklist = blocklist;
  }

  /** A row as it is stored, of a serial whose certificate was signed. */
  record Stored(
      UUID id,
      String authority,
      String serial,
      CertificateSubject subject,
      Digest key,
      byte @Nullable [] tbsCertificate,
      byte[] certificate,
      byte[] thumbprint,
      Instant notBefore,
      Instant notAfter) {}

  /** What is wrong, in one sentence; empty when it is in order. */
  Optional<String> fault(Stored stored) {
    try {
      Der octets = Der.of(stored.certificate);
      Certificate certificate = Certificate.getInstance(stored.certificate);
      Optional<String> fault = row(stored, octets, certificate);
      return fault.isPresent() ? fault : rules(stored, certificate);
    } catch (IOException | RuntimeException e) {
      return Optional.of("The certificate cannot be read.");
    }
  }

  private static Optional<String> row(Stored stored, Der octets, Certificate certificate)
      throws IOException {
    TBSCertificate tbs = certificate.getTBSCertificate();
    byte[] signed = tbs.getEncoded("DER");
    if (!Arrays.equals(octets.digest().octets(), stored.thumbprint)) {
      return Optional.of("The certificate is not the one whose thumbprint was recorded.");
    }
    if (stored.tbsCertificate != null && !Arrays.equals(signed, stored.tbsCertificate)) {
      return Optional.of("What is signed is not what was recorded before the signature (law 1).");
    }
    if (!tbs.getSerialNumber().getValue().equals(new BigInteger(stored.serial, 16))) {
      return Optional.of("The serial number is not the row's.");
    }
    Der key = Der.of(tbs.getSubjectPublicKeyInfo().getEncoded("DER"));
    if (!key.digest().equals(stored.key)) {
      return Optional.of("The public key is not the row's.");
    }
    if (!tbs.getStartDate().getDate().toInstant().equals(seconds(stored.notBefore))
        || !tbs.getEndDate().getDate().toInstant().equals(seconds(stored.notAfter))) {
      return Optional.of("The validity is not the row's.");
    }
    return Optional.empty();
  }

  private static Instant seconds(Instant time) {
    return time.truncatedTo(ChronoUnit.SECONDS);
  }

  private Optional<String> rules(Stored stored, Certificate certificate) throws IOException {
    TBSCertificate tbs = certificate.getTBSCertificate();
    Optional<Authority> issuer = issuer(Der.of(stored.certificate));
    boolean foreign = stored.subject.kind() == CertificateSubject.Kind.AUTHORITY;
    if (issuer.isEmpty()) {
      // An authority may have been certified by one elsewhere; it is anchored by whoever trusts
      // that.
      return foreign
          ? Optional.empty()
          : Optional.of("No authority of this server has the key that the certificate names.");
    }
    TBSCertificate above = CertificateParts.tbs(issuer.get().certificate());
    Der key = Der.of(above.getSubjectPublicKeyInfo().getEncoded("DER"));
    if (!certificate.getSignatureAlgorithm().equals(tbs.getSignature())
        || !signed(certificate, tbs.getEncoded("DER"), key)) {
      return Optional.of("The signature is not its issuer's.");
    }
    if (!tbs.getIssuer().equals(above.getSubject())) {
      return Optional.of("The issuer's name is not that of the authority that signed.");
    }
    if (foreign) {
      return Optional.empty();
    }
    try {
      Linter.check(tbs, stored.subject.kind(), above.getEndDate().getDate().toInstant());
      Der subject = Der.of(tbs.getSubjectPublicKeyInfo().getEncoded("DER"));
      KeyRules.check(subject);
      blocklist.check(subject);
    } catch (Refusal broken) {
      return broken.problem() == PkiProblem.LINT || broken.problem() == PkiProblem.WEAK_KEY
          ? Optional.of(broken.detail())
          : Optional.empty();
    }
    return Optional.empty();
  }

  private static boolean signed(Certificate certificate, byte[] tbs, Der key) {
    return Stream.of(KeyAlgorithm.values())
        .filter(one -> TbsCertificates.algorithm(one).equals(certificate.getSignatureAlgorithm()))
        .anyMatch(one ->
            CertificateParts.verified(tbs, one, certificate.getSignature().getOctets(), key));
  }

  private Optional<Authority> issuer(Der certificate) {
    String identifier = KeyIdentifiers.authority(certificate);
    return authorities.list().stream()
        .filter(authority -> identifier.equals(subjectKey(authority.certificate())))
        .findFirst();
  }

  private static String subjectKey(Der certificate) {
    SubjectKeyIdentifier identifier =
        SubjectKeyIdentifier.fromExtensions(CertificateParts.tbs(certificate).getExtensions());
    return identifier == null ? "" : HexFormat.of().formatHex(identifier.getKeyIdentifier());
  }
}
