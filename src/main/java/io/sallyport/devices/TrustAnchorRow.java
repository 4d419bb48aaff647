package io.sallyport.devices;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.util.UUID;

/** A manufacturer's trust anchor; its digest is the key, so an anchor belongs to one manufacturer only. */
@Entity
@Table(name = "trust_anchor")
class TrustAnchorRow {
  /** SHA-256 in hex. */
  @Id
  String digest;

  UUID manufacturer;

  /** In the canonical form of {@link javax.security.auth.x500.X500Principal}. */
  String subject;

  byte[] certificate;

  @SuppressWarnings("NullAway.Init")
  protected TrustAnchorRow() {}

  TrustAnchorRow(String digest, UUID manufacturer, String subject, byte[] certificate) {
    this.digest = digest;
    this.manufacturer = manufacturer;
    this.subject = subject;
    this.certificate = certificate.clone();
  }
}
