package io.sallyport.enrollment;

import io.sallyport.enrollment.Approvals.State;
import io.sallyport.enrollment.FirstContacts.HeldUnit;
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
@Table(name = "first_contact")
class FirstContactRow {
  @Id
  UUID id;

  String manufacturer;

  @Column(name = "serial_number")
  String serialNumber;

  byte[] idevid;
  String remote;

  @Nullable
  String site;

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

  @Nullable
  UUID device;

  @SuppressWarnings("NullAway.Init")
  protected FirstContactRow() {}

  HeldUnit unit() {
    return new HeldUnit(
        id,
        manufacturer,
        serialNumber,
        Digest.ofOctets(idevid),
        remote,
        site,
        state,
        askedAt,
        expiresAt,
        decidedAt,
        decidedBy,
        reason,
        device);
  }
}
