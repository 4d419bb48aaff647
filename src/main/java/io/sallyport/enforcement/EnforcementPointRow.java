package io.sallyport.enforcement;

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
  /** JSON; read whole, never searched. */
  String settings;

  @Column(name = "sealed_secret")
  byte @Nullable [] sealedSecret;

  @Column(name = "key_digest")
  byte[] keyDigest;

  @Column(name = "created_at")
  Instant createdAt;

  @Column(name = "removed_at")
  @Nullable
  Instant removedAt;

  @SuppressWarnings("NullAway.Init")
  protected EnforcementPointRow() {}

  EnforcementPointRow(
      UUID id, String name, PointKind kind, String settings, byte[] keyDigest, Instant createdAt) {
    this.id = id;
    this.name = name;
    this.kind = kind.word();
    this.settings = settings;
    this.keyDigest = keyDigest.clone();
    this.createdAt = createdAt;
  }

  EnforcementPoint point() {
    return new EnforcementPoint(
        id, name, PointKind.of(kind), SettingsText.read(settings), createdAt);
  }
}
