package io.sallyport.decommission;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;

@Entity
@Table(name = "remanufacture")
class RemanufactureRow {
  @Id
  UUID device;

  UUID next;
  String reason;

  @Column(name = "done_by")
  String by;

  @Column(name = "done_at")
  Instant at;

  @SuppressWarnings("NullAway.Init")
  protected RemanufactureRow() {}

  RemanufactureRow(UUID device, UUID next, String reason, String by, Instant at) {
    this.device = device;
    this.next = next;
    this.reason = reason;
    this.by = by;
    this.at = at;
  }
}
