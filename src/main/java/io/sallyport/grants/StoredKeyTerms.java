package io.sallyport.grants;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import jakarta.persistence.Tuple;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The terms of keys in PostgreSQL. */
@Singleton
final class StoredKeyTerms implements KeyTerms {
  private final EntityManager entities;
  private final Keys keys;
  private final Audit audit;
  private final Clock clock;

  StoredKeyTerms(EntityManager entities, Keys keys, Audit audit, Clock clock) {
    this.entities = entities;
    this.keys = keys;
    this.audit = audit;
    this.clock = clock;
  }

  @Override
  public Map<UUID, Term> read() {
    return QuarkusTransaction.requiringNew().call(() -> {
      List<?> rows = entities
          .createNativeQuery("select key, signs_from, counts_until from grant_key", Tuple.class)
          .getResultList();
      Map<UUID, Term> terms = new HashMap<>();
      rows.stream()
          .map(row -> (Tuple) row)
          .forEach(row -> terms.put(
              row.get(0, UUID.class),
              new Term(row.get(1, Instant.class), row.get(2, Instant.class))));
      return terms;
    });
  }

  /** Makes a key and writes its term down; one rotation after the other. */
  void rotate(boolean compromised, Actor actor) {
    QuarkusTransaction.requiringNew().run(() -> {
      entities
          .createNativeQuery("lock table grant_key in share row exclusive mode")
          .executeUpdate();
      Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
      if (compromised) {
        keys.of(TokenKeys.PURPOSE).forEach(key -> end(key.id(), now));
      } else {
        requireNoneWaits(now);
      }
      KeyHandle made = keys.generate(KeyAlgorithm.EC_P256, TokenKeys.PURPOSE);
      Instant from = compromised ? now : now.plus(GrantKeys.PUBLISHED_BEFORE);
      entities
          .createNativeQuery("insert into grant_key (key, signs_from) values (:key, :from)")
          .setParameter("key", made.id())
          .setParameter("from", from)
          .executeUpdate();
      audit.record(Fact.of("grant-key.rotated", actor, "key", made.id())
          .with("signs_from", from)
          .with("compromised", compromised));
    });
  }

  private void end(UUID key, Instant now) {
    entities
        .createNativeQuery("insert into grant_key (key, signs_from, counts_until)"
            + " values (:key, :first, :now) on conflict (key) do update"
            + " set counts_until = least(grant_key.counts_until, excluded.counts_until)")
        .setParameter("key", key)
        .setParameter("first", Instant.EPOCH)
        .setParameter("now", now)
        .executeUpdate();
  }

  private void requireNoneWaits(Instant now) {
    read().values().stream()
        .filter(term -> term.signsFrom().isAfter(now) && term.countsAt(now))
        .findFirst()
        .ifPresent(waiting -> {
          throw new Refusal(
              CommonProblem.CONFLICT,
              "A new key is published already and signs from " + waiting.signsFrom()
                  + "; rotate again after that.");
        });
  }
}
