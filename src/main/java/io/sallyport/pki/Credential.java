package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import java.math.BigInteger;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An issued certificate and what became of it.
 *
 * @param authority the issuing authority's name
 * @param profile the certificate profile's name
 * @param thumbprint SHA-256 over the DER certificate
 * @param key SHA-256 over the SubjectPublicKeyInfo
 * @param supersededAt when its successor was first used, or null
 * @param revocation null while it is neither revoked nor on hold
 */
public record Credential(
    String authority,
    BigInteger serial,
    CertificateSubject subject,
    String profile,
    Digest thumbprint,
    Digest key,
    Instant notBefore,
    Instant notAfter,
    @Nullable Instant firstUsedAt,
    @Nullable Instant supersededAt,
    @Nullable Revocation revocation,
    Der certificate) {
  /** When and why (RFC 5280 §5.3.1). */
  public record Revocation(Instant at, RevocationReason reason) {
    /** It may be released; until then it is worth no more than any revoked one. */
    public boolean isHold() {
      return reason == RevocationReason.CERTIFICATE_HOLD;
    }
  }

  Credential revokedAs(Revocation other) {
    return new Credential(
        authority,
        serial,
        subject,
        profile,
        thumbprint,
        key,
        notBefore,
        notAfter,
        firstUsedAt,
        supersededAt,
        other,
        certificate);
  }

  /** Neither revoked nor superseded nor outside its validity. */
  public boolean liveAt(Instant time) {
    return revocation == null
        && supersededAt == null
        && !time.isBefore(notBefore)
        && !time.isAfter(notAfter);
  }
}
