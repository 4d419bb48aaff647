package io.sallyport.enrollment;

import io.sallyport.devices.SerialPattern;
import io.sallyport.enrollment.EnrollmentTokens.Coverage;
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

  @Nullable
  UUID device;

  @Nullable
  String manufacturer;

  @Nullable
  String site;

  @Column(name = "serial_pattern")
  @Nullable
  String serialPattern;

  @Nullable
  String network;

  @Nullable
  String profile;

  int uses;

  int used;

  @Column(name = "created_at")
  Instant createdAt;

  @Column(name = "expires_at")
  Instant expiresAt;

  @Column(name = "used_at")
  @Nullable
  Instant usedAt;

  @SuppressWarnings("NullAway.Init")
  protected EnrollmentTokenRow() {}

  EnrollmentTokenRow(
      UUID id, byte[] digest, Coverage coverage, int uses, Instant createdAt, Instant expiresAt) {
    this.id = id;
    this.digest = digest.clone();
    this.device = coverage.device();
    this.manufacturer = coverage.manufacturer();
    this.site = coverage.site();
    SerialPattern pattern = coverage.serialNumbers();
    this.serialPattern = pattern == null ? null : pattern.text();
    this.network = coverage.network();
    this.profile = coverage.certificateProfile();
    this.uses = uses;
    this.createdAt = createdAt;
    this.expiresAt = expiresAt;
  }

  EnrollmentToken token() {
    Coverage coverage = new Coverage(
        device,
        manufacturer,
        site,
        serialPattern == null ? null : new SerialPattern(serialPattern),
        network,
        profile);
    return new EnrollmentToken(id, coverage, uses, used, createdAt, expiresAt, usedAt);
  }
}
