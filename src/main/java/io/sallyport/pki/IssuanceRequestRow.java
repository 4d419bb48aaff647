package io.sallyport.pki;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;

/** Who asked for what (law 2), and the serial that was last prepared for it. */
@Entity
@Table(name = "issuance_request")
class IssuanceRequestRow {
  /** SHA-256 in hex over the order. */
  @Id
  String digest;

  UUID credential;

  @Column(name = "requested_at")
  Instant requestedAt;

  @SuppressWarnings("NullAway.Init")
  protected IssuanceRequestRow() {}

  IssuanceRequestRow(String digest, UUID credential, Instant requestedAt) {
    this.digest = digest;
    this.credential = credential;
    this.requestedAt = requestedAt;
  }
}
