package io.sallyport.pki;

import io.sallyport.kernel.Der;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.math.BigInteger;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The durable steps of publishing a CRL. */
@ApplicationScoped
class CrlStore {
  private final EntityManager entities;

  CrlStore(EntityManager entities) {
    this.entities = entities;
  }

  /** A revoked serial. */
  record Entry(BigInteger serial, Instant revokedAt, RevocationReason reason) {}

  /** What goes into the next list. Its number is committed before anything that carries it is signed (law 9). */
  record Draft(long number, List<Entry> entries) {
    Draft {
      entries = List.copyOf(entries);
    }
  }

  @Transactional
  Draft draft(String authority, int shard) {
    AuthorityRow row = entities.find(AuthorityRow.class, authority, LockModeType.PESSIMISTIC_WRITE);
    entities.refresh(row);
    row.crlNumber++;
    // An expired certificate leaves the list after it stood in one more (RFC 5280 §3.3).
    Instant keep =
        latest(authority, shard).map(CertificateStatus.Crl::thisUpdate).orElse(Instant.EPOCH);
    List<Entry> entries = entities
        .createQuery(
            "from CredentialRow where authority = :authority and crlShard = :shard"
                + " and state = io.sallyport.pki.CredentialState.REVOKED and notAfter >= :keep order by serial",
            CredentialRow.class)
        .setParameter("authority", authority)
        .setParameter("shard", shard)
        .setParameter("keep", keep)
        .getResultStream()
        .filter(revoked -> revoked.revokedAt != null && revoked.revocationReason != null)
        .map(revoked -> new Entry(
            new BigInteger(revoked.serial, 16), revoked.revokedAt, revoked.revocationReason))
        .toList();
    return new Draft(row.crlNumber, entries);
  }

  /** Replaces the list unless a newer one is there. */
  @Transactional
  void publish(
      String authority, int shard, long number, Instant thisUpdate, Instant nextUpdate, Der crl) {
    entities
        .createNativeQuery(
            "insert into crl (authority, shard, number, this_update, next_update, crl)"
                + " values (:authority, :shard, :number, :thisUpdate, :nextUpdate, :crl)"
                + " on conflict (authority, shard) do update set number = excluded.number,"
                + " this_update = excluded.this_update, next_update = excluded.next_update, crl = excluded.crl"
                + " where crl.number < excluded.number")
        .setParameter("authority", authority)
        .setParameter("shard", shard)
        .setParameter("number", number)
        .setParameter("thisUpdate", thisUpdate)
        .setParameter("nextUpdate", nextUpdate)
        .setParameter("crl", crl.octets())
        .executeUpdate();
  }

  @Transactional
  Optional<CertificateStatus.Crl> latest(String authority, int shard) {
    return Optional.ofNullable(entities.find(CrlRow.class, new CrlRow.Key(authority, shard)))
        .map(CrlRow::published);
  }
}
