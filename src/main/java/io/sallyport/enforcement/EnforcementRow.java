package io.sallyport.enforcement;

import io.sallyport.enforcement.Enforcements.Enforcement;
import io.sallyport.enforcement.Enforcements.Outcome;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "enforcement")
class EnforcementRow {
  @Id
  UUID id;

  UUID point;
  UUID device;

  @Nullable
  UUID session;

  String reason;

  @Column(name = "desired_at")
  Instant desiredAt;

  int attempts;

  /** Null while the point is expected to confirm by itself. */
  @Column(name = "next_attempt_at")
  @Nullable
  Instant nextAttemptAt;

  @Column(name = "unconfirmed_at")
  @Nullable
  Instant unconfirmedAt;

  @Column(name = "acknowledged_at")
  @Nullable
  Instant acknowledgedAt;

  String detail;

  @SuppressWarnings("NullAway.Init")
  protected EnforcementRow() {}

  EnforcementRow(
      UUID id, UUID point, UUID device, @Nullable UUID session, String reason, Instant now) {
    this.id = id;
    this.point = point;
    this.device = device;
    this.session = session;
    this.reason = reason;
    this.desiredAt = now;
    this.nextAttemptAt = now;
    this.detail = "not told yet";
  }

  Enforcement enforcement(EnforcementPoint of) {
    Outcome outcome = acknowledgedAt != null
        ? Outcome.ACKNOWLEDGED
        : unconfirmedAt != null ? Outcome.UNCONFIRMED : Outcome.PENDING;
    return new Enforcement(
        id, of, device, session, reason, desiredAt, attempts, outcome, acknowledgedAt, detail);
  }
}
