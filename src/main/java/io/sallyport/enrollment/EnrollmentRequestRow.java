package io.sallyport.enrollment;

import io.sallyport.enrollment.Approvals.EnrollmentRequest;
import io.sallyport.enrollment.Approvals.State;
import io.sallyport.kernel.Digest;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "enrollment_request")
class EnrollmentRequestRow {
  @Id
  UUID id;

  byte[] key;
  UUID device;
  String profile;

  @Column(name = "key_digest")
  byte[] keyDigest;

  @Enumerated(EnumType.STRING)
  State state;

  @Column(name = "asked_at")
  Instant askedAt;

  @Column(name = "expires_at")
  Instant expiresAt;

  @Column(name = "decided_at")
  @Nullable
  Instant decidedAt;

  @Column(name = "decided_by")
  @Nullable
  String decidedBy;

  @Nullable
  String reason;

  @SuppressWarnings("NullAway.Init")
  protected EnrollmentRequestRow() {}

  EnrollmentRequest request() {
    return new EnrollmentRequest(
        id,
        device,
        profile,
        Digest.ofOctets(keyDigest),
        state,
        askedAt,
        expiresAt,
        decidedAt,
        decidedBy,
        reason);
  }
}
