package io.sallyport.attestation;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;

/** Until when a device's appraisals were of another profile. */
@Entity
@Table(name = "appraisal_end")
class AppraisalEndRow {
  @Id
  UUID device;

  Instant at;

  @SuppressWarnings("NullAway.Init")
  protected AppraisalEndRow() {}

  AppraisalEndRow(UUID device, Instant at) {
    this.device = device;
    this.at = at;
  }
}
