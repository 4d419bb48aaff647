package io.sallyport.enrollment;

import io.sallyport.enrollment.EnrollmentTokens.EnrollmentToken;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "enrollment_token")
class EnrollmentTokenRow {
  @Id
  UUID id;

  byte[] digest;
  UUID device;

  @Column(name = "created_at")
  Instant createdAt;

  @Column(name = "expires_at")
  Instant expiresAt;

  @Column(name = "used_at")
  @Nullable
  Instant usedAt;

  @Column(name = "used_by")
  @Nullable
  String usedBy;

  @SuppressWarnings("NullAway.Init")
  protected EnrollmentTokenRow() {}

  EnrollmentTokenRow(UUID id, byte[] digest, UUID device, Instant createdAt, Instant expiresAt) {
    this.id = id;
    this.digest = digest.clone();
    this.device = device;
    this.createdAt = createdAt;
    this.expiresAt = expiresAt;
  }

  EnrollmentToken token() {
    return new EnrollmentToken(id, device, createdAt, expiresAt, usedAt);
  }
}
