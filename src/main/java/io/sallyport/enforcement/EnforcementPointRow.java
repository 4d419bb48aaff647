package io.sallyport.enforcement;

import io.sallyport.enforcement.EnforcementPoints.EnforcementPoint;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "enforcement_point")
class EnforcementPointRow {
  @Id
  UUID id;

  String name;
  String kind;

  @Column(name = "key_digest")
  byte[] keyDigest;

  @Column(name = "created_at")
  Instant createdAt;

  @Column(name = "removed_at")
  @Nullable
  Instant removedAt;

  @SuppressWarnings("NullAway.Init")
  protected EnforcementPointRow() {}

  EnforcementPointRow(UUID id, String name, String kind, byte[] keyDigest, Instant createdAt) {
    this.id = id;
    this.name = name;
    this.kind = kind;
    this.keyDigest = keyDigest.clone();
    this.createdAt = createdAt;
  }

  EnforcementPoint point() {
    return new EnforcementPoint(id, name, kind, createdAt);
  }
}
