package io.sallyport.grants;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.grants.Grants.LiveGrant;
import io.sallyport.grants.IssuedGrants.Issued;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.SharedCommits;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import jakarta.persistence.Query;
import jakarta.persistence.Tuple;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.hibernate.Session;
import org.hibernate.query.NativeQuery;
import org.jspecify.annotations.Nullable;

/** Grants in PostgreSQL. */
@Singleton
final class StoredGrants implements GrantStore {
  private static final UUID FIRST = new UUID(0, 0);
  /** Transactions at the same time, and grants in one. */
  private static final int AT_ONCE = 2;

  private static final int TOGETHER = 256;
  private static final UUID LAST = new UUID(-1, -1);

  private final EntityManager entities;
  private final Audit audit;
  private final Clock clock;
  private final SharedCommits<Issued, Boolean> shared;

  StoredGrants(EntityManager entities, IssuedGrants issued, Audit audit, Clock clock) {
    this.entities = entities;
    this.audit = audit;
    this.clock = clock;
    this.shared = new SharedCommits<>("grants", AT_ONCE, TOGETHER, issued::record);
  }

  @Override
  public void issued(NetworkGrant grant, Actor actor) {
    shared.call(() -> new Issued(grant, actor));
  }

  @Override
  public List<LiveGrant> open(Collection<UUID> devices, int most) {
    return read(
        """
        select g.* from unnest(:devices) as asked (device) cross join lateral
          (select * from network_grant n
            where n.device = asked.device and n.withdrawn_at is null and n.expires_at > :now
            order by n.expires_at desc limit :most) g""",
        query ->
            query.setParameter("devices", devices.toArray(UUID[]::new)).setParameter("most", most));
  }

  /** Says that a grant is not withdrawn so that the index over all open ones, in which those of others are, does not fit. */
  @Override
  public List<LiveGrant> openAfter(Collection<UUID> devices, @Nullable LiveGrant last, int limit) {
    return read(
        """
        select g.* from unnest(:devices) as asked (device) cross join lateral
          (select * from network_grant n
            where n.device = asked.device and coalesce(n.withdrawn_at, 'infinity') = 'infinity' and n.expires_at > :now
              and n.expires_at >= :end and (n.expires_at, n.id) > (:end, :last)
            order by n.expires_at, n.id limit :most) g
          order by g.expires_at, g.id limit :most""",
        query -> query
            .setParameter("devices", devices.toArray(UUID[]::new))
            .setParameter("end", last == null ? Instant.EPOCH : last.expiresAt())
            .setParameter("last", last == null ? FIRST : last.id())
            .setParameter("most", limit));
  }

  @Override
  public List<LiveGrant> openAfter(@Nullable LiveGrant last, int limit) {
    return read(
        """
        select * from network_grant
          where withdrawn_at is null and expires_at > :now and (expires_at, id) > (:end, :last)
          order by expires_at, id limit :most""",
        query -> query
            .setParameter("end", last == null ? Instant.EPOCH : last.expiresAt())
            .setParameter("last", last == null ? FIRST : last.id())
            .setParameter("most", limit));
  }

  @Override
  public Optional<LiveGrant> open(UUID grant) {
    return read(
            "select * from network_grant where id = :grant and withdrawn_at is null and expires_at > :now",
            query -> query.setParameter("grant", grant))
        .stream()
        .findFirst();
  }

  private List<LiveGrant> read(String sql, UnaryOperator<NativeQuery<NetworkGrant>> parameters) {
    Instant now = clock.instant();
    return QuarkusTransaction.requiringNew()
        .call(() -> parameters
            .apply(entities
                .unwrap(Session.class)
                .createNativeQuery(sql, NetworkGrant.class)
                .setParameter("now", now))
            .getResultStream()
            .flatMap(grant -> grant.liveAt(now).stream())
            .toList());
  }

  @Override
  public Map<UUID, UUID> holders(Collection<UUID> grants) {
    return QuarkusTransaction.requiringNew()
        .call(() -> entities
            .createQuery("from NetworkGrant where id in :grants", NetworkGrant.class)
            .setParameter("grants", grants)
            .getResultStream()
            .collect(Collectors.toMap(NetworkGrant::id, NetworkGrant::device)));
  }

  @Override
  public void withdraw(UUID grant, String because, Actor actor) {
    QuarkusTransaction.requiringNew()
        .run(() -> withdraw("id = :subject", grant, LAST, "", because, actor));
  }

  @Override
  public void withdrawAll(UUID device, Instant instant, String because) {
    QuarkusTransaction.requiringNew()
        .run(() -> withdraw("device = :subject", device, last(instant), "", because, Actor.SERVER));
  }

  @Override
  public void withdrawAll(UUID device, Digest thumbprint, Instant instant, String because) {
    QuarkusTransaction.requiringNew()
        .run(() -> withdraw(
            "device = :subject", device, last(instant), thumbprint.hex(), because, Actor.SERVER));
  }

  /** The id of a grant begins with the milliseconds at which it was made (RFC 9562 §5.7). */
  private static UUID last(Instant instant) {
    return new UUID(instant.toEpochMilli() << 16 | 0xffff, -1);
  }

  /** @param thumbprint in hex, or empty for any */
  private void withdraw(
      String which, UUID subject, UUID last, String thumbprint, String because, Actor actor) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    List<?> withdrawn = entities
        .createNativeQuery(
            "update network_grant set withdrawn_at = :now, withdrawn_because = :because where "
                + which
                + " and :thumbprint in ('', thumbprint)"
                + " and id <= :last and withdrawn_at is null and expires_at > :now returning id, device",
            Tuple.class)
        .setParameter("now", now)
        .setParameter("because", because)
        .setParameter("subject", subject)
        .setParameter("thumbprint", thumbprint)
        .setParameter("last", last)
        .getResultList();
    for (Object row : withdrawn) {
      Tuple grant = (Tuple) row;
      audit.record(Fact.of("grant.withdrawn", actor, "grant", grant.get(0))
          .with("device", grant.get(1))
          .with("because", because));
    }
  }

  @Override
  public long takeStatusBlock() {
    return QuarkusTransaction.requiringNew().call(() -> {
      long block = ((Number)
              entities.createNativeQuery("select nextval('grant_status_block')").getSingleResult())
          .longValue();
      entities
          .createNativeQuery("insert into grant_status_list (list, taken_at) values (:list, :now)"
              + " on conflict (list) do update set taken_at = excluded.taken_at")
          .setParameter("list", Math.toIntExact(block / StatusPlace.BLOCKS))
          .setParameter("now", clock.instant())
          .executeUpdate();
      return block;
    });
  }

  @Override
  public List<Integer> statusLists(Instant since) {
    return numbers(
        "select list from grant_status_list where taken_at > :since order by list",
        Map.of("since", since));
  }

  @Override
  public List<Integer> withdrawnOn(int list) {
    return numbers(
        "select status_index from network_grant"
            + " where status_list = :list and withdrawn_at is not null and expires_at > :now",
        Map.of("list", list, "now", clock.instant()));
  }

  private List<Integer> numbers(String sql, Map<String, Object> parameters) {
    return QuarkusTransaction.requiringNew().call(() -> {
      Query query = entities.createNativeQuery(sql);
      parameters.forEach(query::setParameter);
      List<?> numbers = query.getResultList();
      return numbers.stream().map(number -> ((Number) number).intValue()).toList();
    });
  }

  @Override
  public long withdrawnTo() {
    return QuarkusTransaction.requiringNew().call(() -> {
      List<?> marks = entities
          .createNativeQuery("select mark from job_epoch where job = :job")
          .setParameter("job", GrantWithdrawal.JOB)
          .getResultList();
      return marks.isEmpty() ? -1 : ((Number) marks.getFirst()).longValue();
    });
  }

  @Override
  public void refused(Fact fact) {
    audit.recordRefusal(fact);
  }
}
