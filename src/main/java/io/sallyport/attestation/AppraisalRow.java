package io.sallyport.attestation;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.hibernate.annotations.Immutable;

/** An appraisal; written once. Claims and observations are JSON text: read whole, never searched. */
@Entity
@Immutable
@Table(name = "appraisal")
class AppraisalRow {
  @Id
  private UUID id;

  private UUID device;
  private UUID evidence;

  @Enumerated(EnumType.STRING)
  private TrustTier status;

  private String claims;
  private String observed;
  private Instant at;

  @Column(name = "expires_at")
  private Instant expiresAt;

  private String ear;

  @SuppressWarnings("NullAway.Init")
  protected AppraisalRow() {}

  AppraisalRow(Appraisal appraisal, UUID evidence, String claims, String observed) {
    this.id = appraisal.id();
    this.device = appraisal.device();
    this.evidence = evidence;
    this.status = appraisal.status();
    this.claims = claims;
    this.observed = observed;
    this.at = appraisal.at();
    this.expiresAt = appraisal.expiresAt();
    this.ear = appraisal.ear();
  }
}
