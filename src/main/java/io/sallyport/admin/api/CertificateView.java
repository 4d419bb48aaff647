package io.sallyport.admin.api;

import io.sallyport.pki.Credential;
import java.time.Instant;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * An issued certificate, as people see it.
 *
 * @param serial in hex, as the path has it
 * @param thumbprint SHA-256 over the DER certificate, in hex
 */
@Schema(name = "Certificate")
record CertificateView(
    String authority,
    String serial,
    String subjectType,
    String subject,
    String profile,

    @Schema(
        type = SchemaType.STRING,
        enumeration = {"live", "not-yet-valid", "expired", "superseded", "held", "revoked"})
    String status,

    String thumbprint,
    Instant notBefore,
    Instant notAfter,
    @Schema(nullable = true) @Nullable Instant firstUsedAt,
    @Schema(nullable = true) @Nullable Instant supersededAt,
    @Schema(nullable = true) @Nullable Instant revokedAt,
    @Schema(nullable = true) @Nullable String revocationReason,
    String certificate) {
  static CertificateView of(Credential credential, Instant now) {
    Credential.Revocation revocation = credential.revocation();
    return new CertificateView(
        credential.authority(),
        credential.serial().toString(16),
        credential.subject().kind().word(),
        credential.subject().id(),
        credential.profile(),
        status(credential, now),
        credential.thumbprint().hex(),
        credential.notBefore(),
        credential.notAfter(),
        credential.firstUsedAt(),
        credential.supersededAt(),
        revocation == null ? null : revocation.at(),
        revocation == null ? null : Reasons.word(revocation.reason()),
        credential.certificate().pem("CERTIFICATE"));
  }

  private static String status(Credential credential, Instant now) {
    Credential.Revocation revocation = credential.revocation();
    if (revocation != null) {
      return revocation.isHold() ? "held" : "revoked";
    }
    if (now.isAfter(credential.notAfter())) {
      return "expired";
    }
    if (credential.supersededAt() != null) {
      return "superseded";
    }
    return now.isBefore(credential.notBefore()) ? "not-yet-valid" : "live";
  }
}
