package io.sallyport.attestation;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A secret that was sealed for a TPM; of the secret its digest only. */
@Entity
@Table(name = "attestation_key_offer")
class AttestationKeyOfferRow {
  @Id
  UUID id;

  UUID device;

  @Column(name = "ek_digest")
  byte[] ekDigest;

  /** SubjectPublicKeyInfo of the attestation key. */
  @Column(name = "ak_key")
  byte[] akKey;

  @Column(name = "secret_digest")
  byte[] secretDigest;

  @Column(name = "created_at")
  Instant createdAt;

  @Column(name = "expires_at")
  Instant expiresAt;

  @Column(name = "used_at")
  @Nullable
  Instant usedAt;

  @SuppressWarnings("NullAway.Init")
  protected AttestationKeyOfferRow() {}
}
