package io.sallyport.enrollment;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "certificate_order")
class OrderRow {
  @Id
  UUID id;

  UUID account;

  @Column(name = "created_at")
  Instant createdAt;

  @Column(name = "expires_at")
  Instant expiresAt;

  byte @Nullable [] request;

  @Column(name = "request_digest")
  @Nullable
  String requestDigest;

  @Column(name = "claimed_at")
  @Nullable
  Instant claimedAt;

  byte @Nullable [] certificate;

  @SuppressWarnings("NullAway.Init")
  protected OrderRow() {}

  OrderRow(UUID id, UUID account, Instant createdAt, Instant expiresAt) {
    this.id = id;
    this.account = account;
    this.createdAt = createdAt;
    this.expiresAt = expiresAt;
  }

  /** Spends the order on one request, told by its octets and by what issuance makes of it. */
  void claim(Der der, Digest digest, Instant at) {
    request = der.octets();
    requestDigest = digest.hex();
    claimedAt = at;
  }
}
