package io.sallyport.enrollment;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.keys.ClientKeys.Made;
import io.sallyport.keys.Keys;
import io.sallyport.keys.SealedColumn;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Keys made for devices, kept sealed for as long as a retry may come, so that it gets the same key and with it the same
 * certificate (law 2). Every call removes what has expired.
 */
@ApplicationScoped
class GeneratedKeys {
  private static final Duration LIFETIME = Duration.ofHours(1);

  private final EntityManager entities;
  private final Keys keys;
  private final Clock clock;

  GeneratedKeys(EntityManager entities, Keys keys, Clock clock) {
    this.entities = entities;
    this.keys = keys;
    this.clock = clock;
  }

  @Produces
  @Singleton
  static SealedColumn sealedKeys() {
    return SealedColumn.of(
        "generated_key",
        "sealed",
        List.of("request"),
        "'generated-key:' || encode(request, 'hex')");
  }

  private static String context(Digest request) {
    return "generated-key:" + request.hex();
  }

  /** What was made for this request within the last hour. */
  @Transactional
  Optional<Made> find(Digest request) {
    Instant now = clock.instant();
    entities
        .createNativeQuery("delete from generated_key where expires_at < :now")
        .setParameter("now", now)
        .executeUpdate();
    Stream<?> rows = entities
        .createNativeQuery(
            "select spki, sealed from generated_key where request = :request", Object[].class)
        .setParameter("request", request.octets())
        .getResultStream();
    return rows.findFirst().map(found -> {
      Object[] row = (Object[]) found;
      return new Made(Der.of((byte[]) row[0]), keys.unseal((byte[]) row[1], context(request)));
    });
  }

  /** Keeps {@code made}, or answers what somebody else kept for the same request at this moment. */
  @Transactional
  Made keep(Digest request, Made made) {
    int kept = entities
        .createNativeQuery("insert into generated_key (request, spki, sealed, expires_at)"
            + " values (:request, :spki, :sealed, :expires) on conflict (request) do nothing")
        .setParameter("request", request.octets())
        .setParameter("spki", made.subjectPublicKeyInfo().octets())
        .setParameter("sealed", keys.seal(made.privateKeyInfo(), context(request)))
        .setParameter("expires", clock.instant().plus(LIFETIME))
        .executeUpdate();
    return kept > 0 ? made : find(request).orElse(made);
  }
}
