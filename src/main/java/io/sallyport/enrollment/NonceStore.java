package io.sallyport.enrollment;

import io.sallyport.keys.Keys;
import io.sallyport.keys.SealedColumn;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** The nonces' key and the nonces that were used, for all nodes. */
@ApplicationScoped
class NonceStore {
  private static final int KEY_OCTETS = 32;
  private static final String CONTEXT = "replay-nonce-key";
  private static final Duration SWEEP_EVERY = Duration.ofMinutes(1);
  /** Keeps one sweep short; what is left over is swept a minute later. */
  private static final int MOST_SWEPT = 50_000;

  private final AtomicReference<Instant> nextSweep = new AtomicReference<>(Instant.EPOCH);
  private final EntityManager entities;
  private final Keys keys;
  private final SecureRandom random;
  private final Clock clock;

  NonceStore(EntityManager entities, Keys keys, SecureRandom random, Clock clock) {
    this.entities = entities;
    this.keys = keys;
    this.random = random;
    this.clock = clock;
  }

  @Produces
  @Singleton
  static SealedColumn sealedKey() {
    return SealedColumn.of("replay_nonce_key", "sealed", List.of("id"), "'" + CONTEXT + "'");
  }

  /** Made once, by whichever node comes first. */
  @Transactional
  byte[] key() {
    byte[] fresh = new byte[KEY_OCTETS];
    random.nextBytes(fresh);
    entities
        .createNativeQuery(
            "insert into replay_nonce_key (id, sealed) values (1, :sealed) on conflict (id) do nothing")
        .setParameter("sealed", keys.seal(fresh, CONTEXT))
        .executeUpdate();
    byte[] sealed = (byte[]) entities
        .createNativeQuery("select sealed from replay_nonce_key where id = 1", byte[].class)
        .getSingleResult();
    return keys.unseal(sealed, CONTEXT);
  }

  /** Whether this is the first time. */
  @Transactional
  boolean spend(byte[] nonce, Instant expiresAt) {
    sweep();
    return entities
            .createNativeQuery(
                "insert into replay_nonce (nonce, expires_at) values (:nonce, :expires) on conflict (nonce) do nothing")
            .setParameter("nonce", nonce)
            .setParameter("expires", expiresAt)
            .executeUpdate()
        == 1;
  }

  private void sweep() {
    Instant now = clock.instant();
    Instant due = nextSweep.get();
    if (now.isBefore(due) || !nextSweep.compareAndSet(due, now.plus(SWEEP_EVERY))) {
      return;
    }
    entities
        .createNativeQuery(
            "delete from replay_nonce where nonce in (select nonce from replay_nonce where expires_at < :now"
                + " order by expires_at limit :most for update skip locked)")
        .setParameter("now", now)
        .setParameter("most", MOST_SWEPT)
        .executeUpdate();
  }
}
