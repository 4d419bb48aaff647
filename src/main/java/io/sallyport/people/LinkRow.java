package io.sallyport.people;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;

/** A row of {@code console_link}. */
@Entity
@Table(name = "console_link")
class LinkRow {
  @Id
  byte[] digest;

  String operator;

  @Column(name = "expires_at")
  Instant expiresAt;

  @SuppressWarnings("NullAway.Init")
  protected LinkRow() {}

  LinkRow(byte[] digest, String operator, Instant expiresAt) {
    this.digest = digest;
    this.operator = operator;
    this.expiresAt = expiresAt;
  }
}
