package io.sallyport.grants;

import io.sallyport.grants.Grants.LiveGrant;
import io.sallyport.kernel.Digest;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.hibernate.annotations.Immutable;
import org.jspecify.annotations.Nullable;

/** A grant as it is recorded before its token is signed. */
@Entity
@Immutable
@Table(name = "network_grant")
class NetworkGrant {
  @Id
  private UUID id;

  @Column(nullable = false)
  private UUID device;

  @Column(nullable = false)
  private String thumbprint;

  @Column(nullable = false)
  private String flows;

  @Column(name = "issued_at", nullable = false)
  private Instant issuedAt;

  @Column(name = "expires_at", nullable = false)
  private Instant expiresAt;

  @Column(nullable = false)
  private String decisions;

  @Column(name = "policy_hash", nullable = false)
  private String policyHash;

  private @Nullable UUID appraisal;

  @Column(name = "status_list")
  private @Nullable Integer statusList;

  @Column(name = "status_index")
  private @Nullable Integer statusIndex;

  /** Set by statements, never through this class. */
  @Column(name = "withdrawn_at")
  private @Nullable Instant withdrawnAt;

  /** For Hibernate. */
  @SuppressWarnings("NullAway.Init")
  protected NetworkGrant() {}

  NetworkGrant(
      UUID id,
      UUID device,
      Digest thumbprint,
      String flows,
      Instant issuedAt,
      Instant expiresAt,
      List<UUID> decisions,
      String policyHash,
      @Nullable UUID appraisal,
      StatusPlace place) {
    this.id = id;
    this.device = device;
    this.thumbprint = thumbprint.hex();
    this.flows = flows;
    this.issuedAt = issuedAt;
    this.expiresAt = expiresAt;
    this.decisions = decisions.stream().map(UUID::toString).collect(Collectors.joining(" "));
    this.policyHash = policyHash;
    this.appraisal = appraisal;
    this.statusList = place.list();
    this.statusIndex = place.index();
  }

  UUID id() {
    return id;
  }

  UUID device() {
    return device;
  }

  String thumbprint() {
    return thumbprint;
  }

  String flows() {
    return flows;
  }

  Instant issuedAt() {
    return issuedAt;
  }

  Instant expiresAt() {
    return expiresAt;
  }

  /** What was handed out, as long as it is neither withdrawn nor at its end. */
  Optional<LiveGrant> liveAt(Instant now) {
    return withdrawnAt == null && now.isBefore(expiresAt)
        ? Optional.of(new LiveGrant(
            id, device, Digest.ofHex(thumbprint), NetworkFlows.read(flows), issuedAt, expiresAt))
        : Optional.empty();
  }

  @Nullable
  UUID appraisal() {
    return appraisal;
  }

  @Nullable
  Integer statusList() {
    return statusList;
  }

  @Nullable
  Integer statusIndex() {
    return statusIndex;
  }

  String decisions() {
    return decisions;
  }

  String policyHash() {
    return policyHash;
  }
}
