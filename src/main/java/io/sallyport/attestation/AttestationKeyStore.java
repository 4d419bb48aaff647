package io.sallyport.attestation;

import io.sallyport.attestation.AttestationKeys.AttestationKey;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/** The rows of attestation keys. Called in the caller's transaction. */
@Singleton
class AttestationKeyStore {
  /** A device has one offer open, or a few when it was interrupted. A flood pushes out its own. */
  private static final int MOST_OFFERS = 16;

  /** More than one is removed for each that is added, so the table shrinks back; and never many at once. */
  private static final int MOST_REMOVED = 32;

  private final EntityManager entities;

  AttestationKeyStore(EntityManager entities) {
    this.entities = entities;
  }

  /**
   * A secret that was sealed.
   *
   * @param attestationKey its SubjectPublicKeyInfo
   */
  record Sealed(
      UUID id,
      UUID device,
      Digest endorsementKey,
      Der attestationKey,
      Digest secret,
      Instant createdAt,
      Instant expiresAt) {}

  void add(Sealed sealed) {
    // Rows that another transaction is removing are skipped, so two never wait for each other.
    entities
        .createNativeQuery(
            "delete from attestation_key_offer where id in (select id from attestation_key_offer"
                + " where expires_at <= :now order by expires_at limit :most for update skip locked)")
        .setParameter("now", sealed.createdAt())
        .setParameter("most", MOST_REMOVED)
        .executeUpdate();
    entities
        .createNativeQuery(
            "delete from attestation_key_offer where id in (select id from attestation_key_offer"
                + " where device = :device order by created_at desc offset :kept limit :most for update skip locked)")
        .setParameter("device", sealed.device())
        .setParameter("kept", MOST_OFFERS - 1)
        .setParameter("most", MOST_REMOVED)
        .executeUpdate();
    AttestationKeyOfferRow row = new AttestationKeyOfferRow();
    row.id = sealed.id();
    row.device = sealed.device();
    row.ekDigest = sealed.endorsementKey().octets();
    row.akKey = sealed.attestationKey().octets();
    row.secretDigest = sealed.secret().octets();
    row.createdAt = sealed.createdAt();
    row.expiresAt = sealed.expiresAt();
    entities.persist(row);
  }

  /** Whether the device has such an offer, open or not. */
  boolean known(UUID offer, UUID device) {
    return offered(offer, device).isPresent();
  }

  /** Uses up the device's offer: present for exactly one caller, and only while it is open. */
  Optional<Sealed> consume(UUID offer, UUID device, Instant now) {
    int consumed = entities
        .createNativeQuery("update attestation_key_offer set used_at = :now where id = :id"
            + " and device = :device and used_at is null and expires_at > :now")
        .setParameter("now", now)
        .setParameter("id", offer)
        .setParameter("device", device)
        .executeUpdate();
    return consumed == 1 ? offered(offer, device) : Optional.empty();
  }

  private Optional<Sealed> offered(UUID offer, UUID device) {
    return Optional.ofNullable(entities.find(AttestationKeyOfferRow.class, offer))
        .filter(row -> row.device.equals(device))
        .map(row -> new Sealed(
            row.id,
            row.device,
            Digest.ofOctets(row.ekDigest),
            Der.of(row.akKey),
            Digest.ofOctets(row.secretDigest),
            row.createdAt,
            row.expiresAt));
  }

  /** Adds a key, or notes that the one with this certificate was activated anew. */
  void activated(AttestationKey key, Instant now) {
    Optional<AttestationKeyRow> known = row(key.certificate());
    if (known.isPresent()) {
      known.get().activated(now);
    } else {
      entities.persist(new AttestationKeyRow(key, now));
    }
  }

  Optional<AttestationKeyRow> row(Der certificate) {
    return entities
        .createQuery(
            "from AttestationKeyRow where thumbprint = :thumbprint", AttestationKeyRow.class)
        .setParameter("thumbprint", certificate.digest().octets())
        .getResultStream()
        .findFirst();
  }

  /** The row, locked until the transaction ends. */
  AttestationKeyRow locked(UUID key) {
    return Optional.ofNullable(
            entities.find(AttestationKeyRow.class, key, LockModeType.PESSIMISTIC_WRITE))
        .orElseThrow();
  }
}
