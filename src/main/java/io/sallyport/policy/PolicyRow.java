package io.sallyport.policy;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;

/** Which version of a policy applies now. */
@Entity
@Table(name = "policy")
class PolicyRow {
  @Id
  String name;

  @Column(nullable = false)
  String hash;

  @Column(name = "applied_at", nullable = false)
  Instant appliedAt;

  PolicyRow(String name, String hash, Instant appliedAt) {
    this.name = name;
    this.hash = hash;
    this.appliedAt = appliedAt;
  }

  @SuppressWarnings("NullAway.Init")
  protected PolicyRow() {}
}
