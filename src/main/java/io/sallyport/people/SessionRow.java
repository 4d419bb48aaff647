package io.sallyport.people;

import io.sallyport.people.Operators.Operator;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;

/** A row of {@code console_session}. */
@Entity
@Table(name = "console_session")
class SessionRow {
  @Id
  byte[] digest;

  String operator;
  boolean registered;
  String roles;
  String sites;

  @Column(name = "created_at")
  Instant createdAt;

  @Column(name = "seen_at")
  Instant seenAt;

  @Column(name = "ends_at")
  Instant endsAt;

  @SuppressWarnings("NullAway.Init")
  protected SessionRow() {}

  SessionRow(byte[] digest, Operator operator, boolean registered, Instant now, Instant endsAt) {
    this.digest = digest;
    this.operator = operator.name();
    this.registered = registered;
    this.roles = registered ? "" : OperatorRow.words(operator.roles());
    this.sites = registered ? "" : OperatorRow.joined(operator.sites());
    this.createdAt = now;
    this.seenAt = now;
    this.endsAt = endsAt;
  }
}
