package io.sallyport.admin.console;

import io.sallyport.pki.Credential;
import java.time.Instant;

/** A certificate, and what may be done with it. */
record CertificateRow(
    String authority,
    String serial,
    String profile,
    Tag status,
    Instant notBefore,
    Instant notAfter,
    String thumbprint,
    String remark,
    boolean hold,
    boolean release) {
  /** @param acts whether whoever has it may have it held and released */
  static CertificateRow of(Credential credential, boolean acts, Instant now) {
    Credential.Revocation revocation = credential.revocation();
    boolean lasts = acts && !now.isAfter(credential.notAfter());
    return new CertificateRow(
        credential.authority(),
        credential.serial().toString(16),
        credential.profile(),
        status(credential, now),
        credential.notBefore(),
        credential.notAfter(),
        credential.thumbprint().hex(),
        remark(credential),
        lasts && revocation == null,
        // On first use of its successor a held one was superseded for good.
        lasts && revocation != null && revocation.isHold() && credential.supersededAt() == null);
  }

  private static Tag status(Credential credential, Instant now) {
    Credential.Revocation revocation = credential.revocation();
    if (revocation != null) {
      return new Tag(revocation.isHold() ? "on hold" : "revoked", "bad");
    }
    if (now.isAfter(credential.notAfter())) {
      return new Tag("expired", "calm");
    }
    if (credential.supersededAt() != null) {
      return new Tag("superseded", "calm");
    }
    return now.isBefore(credential.notBefore())
        ? new Tag("not yet valid", "blue")
        : new Tag("live", "good");
  }

  private static String remark(Credential credential) {
    Credential.Revocation revocation = credential.revocation();
    if (revocation != null) {
      return DevicePages.word(revocation.reason());
    }
    return credential.firstUsedAt() == null ? "not used yet" : "";
  }
}
