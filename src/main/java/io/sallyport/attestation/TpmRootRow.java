package io.sallyport.attestation;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;

/** Trust anchors for endorsement key certificates, in PEM. */
@Entity
@Table(name = "tpm_root")
class TpmRootRow {
  @Id
  String name;

  String anchors;

  @Column(name = "applied_at")
  Instant appliedAt;

  @SuppressWarnings("NullAway.Init")
  protected TpmRootRow() {}

  TpmRootRow(String name, String anchors, Instant appliedAt) {
    this.name = name;
    this.anchors = anchors;
    this.appliedAt = appliedAt;
  }
}
