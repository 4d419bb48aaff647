package io.sallyport.attestation;

import io.sallyport.attestation.AttestationKeys.AttestationKey;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** An attestation key that was activated, and the clock of its furthest quote. */
@Entity
@Table(name = "attestation_key")
class AttestationKeyRow {
  @Id
  UUID id;

  UUID device;
  byte[] thumbprint;
  byte[] certificate;

  @Column(name = "ek_digest")
  byte[] ekDigest;

  @Column(name = "not_after")
  Instant notAfter;

  @Column(name = "activated_at")
  Instant activatedAt;

  @Nullable
  Long clock;

  @Column(name = "reset_count")
  @Nullable
  Integer resetCount;

  @Column(name = "restart_count")
  @Nullable
  Integer restartCount;

  @Column(name = "clock_safe")
  @Nullable
  Boolean clockSafe;

  @Column(name = "quoted_at")
  @Nullable
  Instant quotedAt;

  @SuppressWarnings("NullAway.Init")
  protected AttestationKeyRow() {}

  AttestationKeyRow(AttestationKey key, Instant activatedAt) {
    this.id = key.id();
    this.device = key.device();
    this.thumbprint = key.certificate().digest().octets();
    this.certificate = key.certificate().octets();
    this.ekDigest = key.ekDigest().octets();
    this.notAfter = key.notAfter();
    this.activatedAt = activatedAt;
  }

  AttestationKey key() {
    return new AttestationKey(id, device, Der.of(certificate), Digest.ofOctets(ekDigest), notAfter);
  }

  Optional<TpmClock> furthest() {
    return clock == null || resetCount == null || restartCount == null || clockSafe == null
        ? Optional.empty()
        : Optional.of(new TpmClock(clock, resetCount, restartCount, clockSafe));
  }

  void quoted(TpmClock quoted, Instant at) {
    clock = quoted.clock();
    resetCount = quoted.resetCount();
    restartCount = quoted.restartCount();
    clockSafe = quoted.safe();
    quotedAt = at;
  }

  /** Activated anew: what the TPM's clock said before counts no longer, as it may have been cleared. */
  void activated(Instant at) {
    activatedAt = at;
    clock = null;
    resetCount = null;
    restartCount = null;
    clockSafe = null;
    quotedAt = null;
  }
}
