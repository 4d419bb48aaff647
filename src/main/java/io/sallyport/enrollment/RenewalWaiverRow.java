package io.sallyport.enrollment;

import io.sallyport.enrollment.RenewalWaivers.Waiver;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;

@Entity
@Table(name = "renewal_waiver")
class RenewalWaiverRow {
  @Id
  UUID device;

  Instant until;

  @Column(name = "allowed_at")
  Instant allowedAt;

  String reason;

  @SuppressWarnings("NullAway.Init")
  protected RenewalWaiverRow() {}

  RenewalWaiverRow(UUID device, Instant allowedAt, Instant until, String reason) {
    this.device = device;
    this.allowedAt = allowedAt;
    this.until = until;
    this.reason = reason;
  }

  Waiver waiver() {
    return new Waiver(device, allowedAt, until, reason);
  }
}
