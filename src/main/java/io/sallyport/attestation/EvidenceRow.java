package io.sallyport.attestation;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.hibernate.annotations.Immutable;

/** Evidence as it came; written once. */
@Entity
@Immutable
@Table(name = "evidence")
class EvidenceRow {
  @Id
  private UUID id;

  private UUID device;
  private byte[] credential;

  @Column(name = "media_type")
  private String mediaType;

  private byte[] octets;

  @Column(name = "received_at")
  private Instant receivedAt;

  @SuppressWarnings("NullAway.Init")
  protected EvidenceRow() {}

  EvidenceRow(AttestationStore.Evidence evidence) {
    this.id = evidence.id();
    this.device = evidence.device();
    this.credential = evidence.credential().octets();
    this.mediaType = evidence.mediaType();
    this.octets = evidence.octets();
    this.receivedAt = evidence.receivedAt();
  }
}
