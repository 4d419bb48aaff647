package io.sallyport.policy;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.IdClass;
import jakarta.persistence.Table;
import java.io.Serializable;
import java.time.Instant;
import org.hibernate.annotations.Immutable;

/** A text that was applied under a name once; written once, never changed. */
@Entity
@Immutable
@Table(name = "policy_version")
@IdClass(PolicyVersionRow.Key.class)
class PolicyVersionRow {
  @Id
  String name;

  @Id
  String hash;

  @Column(nullable = false)
  String document;

  @Column(name = "first_applied_at", nullable = false)
  Instant firstAppliedAt;

  @Column(name = "first_applied_by", nullable = false)
  String firstAppliedBy;

  PolicyVersionRow(
      String name, String hash, String document, Instant firstAppliedAt, String firstAppliedBy) {
    this.name = name;
    this.hash = hash;
    this.document = document;
    this.firstAppliedAt = firstAppliedAt;
    this.firstAppliedBy = firstAppliedBy;
  }

  @SuppressWarnings("NullAway.Init")
  protected PolicyVersionRow() {}

  /** The primary key. */
  record Key(String name, String hash) implements Serializable {}
}
