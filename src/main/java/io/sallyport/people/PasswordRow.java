package io.sallyport.people;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;

/** A row of {@code operator_password}. */
@Entity
@Table(name = "operator_password")
class PasswordRow {
  @Id
  private String operator;

  private byte[] hash;
  private byte[] salt;

  @Column(name = "memory_kib")
  private int memoryKib;

  private int iterations;
  private int lanes;

  @Column(name = "set_at")
  private Instant setAt;

  @SuppressWarnings("NullAway.Init")
  protected PasswordRow() {}

  PasswordRow(String operator, PasswordHash password, Instant setAt) {
    this.operator = operator;
    this.hash = password.hash();
    this.salt = password.salt();
    this.memoryKib = password.memoryKib();
    this.iterations = password.iterations();
    this.lanes = password.lanes();
    this.setAt = setAt;
  }

  PasswordHash password() {
    return new PasswordHash(hash, salt, memoryKib, iterations, lanes);
  }
}
