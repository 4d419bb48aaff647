package io.sallyport.enforcement;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Sessions as rows. */
@ApplicationScoped
class StoredSessions implements Sessions {
  private static final String SUBJECT = "session";
  private static final UUID FIRST = new UUID(0, 0);
  private static final int LONGEST_NAME = 253;

  private final EntityManager entities;
  private final StoredBindings bindings;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  StoredSessions(
      EntityManager entities, StoredBindings bindings, Audit audit, Ids ids, Clock clock) {
    this.entities = entities;
    this.bindings = bindings;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  @Transactional
  public Session report(EnforcementPoint point, Report report) {
    if (report.name().isEmpty()
        || report.name().length() > LONGEST_NAME
        || report.port().length() > LONGEST_NAME) {
      throw new Refusal(
          EnforcementProblem.INVALID_SESSION,
          "A session has a name of 1 to " + LONGEST_NAME + " characters.");
    }
    // One report at a time for a session: two at once would both find none.
    entities
        .createNativeQuery(
            "select pg_advisory_xact_lock(hashtextextended('session.' || :point || '.' || :name, 0))",
            Object.class)
        .setParameter("point", point.id().toString())
        .setParameter("name", report.name())
        .getSingleResult();
    Instant now = now();
    Optional<AccessSessionRow> known = liveRow(point.id(), report.name());
    if (known.isPresent() && known.get().device.equals(report.device())) {
      known.get().goesOn(report, now);
      return known.get().session();
    }
    // The point gave the name to another device: the former session is over.
    known.ifPresent(row -> end(row, "its name was given to another device", now));
    entities.flush();
    AccessSessionRow row = new AccessSessionRow(ids.next(), point.id(), report, now);
    entities.persist(row);
    audit.record(Fact.of("session.started", Actor.enforcementPoint(point.name()), SUBJECT, row.id)
        .with("device", row.device)
        .with("point", point.name())
        .with("permit", row.permit));
    return row.session();
  }

  @Override
  @Transactional
  public void end(UUID session, String reason) {
    AccessSessionRow row =
        entities.find(AccessSessionRow.class, session, LockModeType.PESSIMISTIC_WRITE);
    if (row != null && row.endedAt == null) {
      end(row, reason, now());
    }
  }

  private void end(AccessSessionRow row, String reason, Instant now) {
    row.endedAt = now;
    row.endReason = reason;
    bindings.withdrawOf(row.id, "the session ended");
    audit.record(Fact.of("session.ended", Actor.SERVER, SUBJECT, row.id)
        .with("device", row.device)
        .with("reason", reason));
  }

  @Override
  @Transactional
  public Optional<Session> live(UUID point, String name) {
    return liveRow(point, name).map(AccessSessionRow::session);
  }

  private Optional<AccessSessionRow> liveRow(UUID point, String name) {
    return entities
        .createQuery(
            "from AccessSessionRow where point = :point and name = :name and endedAt is null",
            AccessSessionRow.class)
        .setParameter("point", point)
        .setParameter("name", name)
        .getResultStream()
        .findFirst();
  }

  @Override
  @Transactional
  public List<Session> named(UUID point, String start, int limit) {
    return entities
        .createQuery(
            "from AccessSessionRow where point = :point and endedAt is null and left(name, :length) = :start order by id",
            AccessSessionRow.class)
        .setParameter("point", point)
        .setParameter("length", start.length())
        .setParameter("start", start)
        .setMaxResults(Math.clamp(limit, 1, Page.MOST))
        .getResultStream()
        .map(AccessSessionRow::session)
        .toList();
  }

  /** Ends sessions of which nothing was heard when something should have been. */
  @Transactional
  void endSilent(int limit) {
    Instant now = now();
    entities
        .createQuery(
            "from AccessSessionRow where endedAt is null and expectedBy < :now order by expectedBy",
            AccessSessionRow.class)
        .setParameter("now", now)
        .setLockMode(LockModeType.PESSIMISTIC_WRITE)
        .setMaxResults(limit)
        .getResultList()
        .forEach(row -> end(row, "nothing was heard of it any more", now));
  }

  @Override
  @Transactional
  public Optional<Session> get(UUID session) {
    return Optional.ofNullable(entities.find(AccessSessionRow.class, session))
        .map(AccessSessionRow::session);
  }

  @Override
  @Transactional
  public Set<UUID> connected(Collection<UUID> devices) {
    Stream<?> connected = entities
        .createNativeQuery("select distinct device from access_session"
            + " where device = any (cast(:devices as uuid[])) and ended_at is null")
        .setParameter("devices", devices.toArray(UUID[]::new))
        .getResultStream();
    return connected.map(UUID.class::cast).collect(Collectors.toUnmodifiableSet());
  }

  @Override
  @Transactional
  public List<Session> live(UUID device) {
    return entities
        .createQuery(
            "from AccessSessionRow where device = :device and endedAt is null order by startedAt desc",
            AccessSessionRow.class)
        .setParameter("device", device)
        .setMaxResults(Page.MOST)
        .getResultStream()
        .map(AccessSessionRow::session)
        .toList();
  }

  @Override
  @Transactional
  public List<Session> of(UUID device, int limit) {
    return entities
        .createQuery(
            "from AccessSessionRow where device = :device order by startedAt desc",
            AccessSessionRow.class)
        .setParameter("device", device)
        .setMaxResults(Math.clamp(limit, 1, Page.MOST))
        .getResultStream()
        .map(AccessSessionRow::session)
        .toList();
  }

  @Override
  @Transactional
  public List<Session> after(@Nullable UUID cursor, int limit) {
    return entities
        .createQuery(
            "from AccessSessionRow where endedAt is null and id > :after order by id",
            AccessSessionRow.class)
        .setParameter("after", cursor == null ? FIRST : cursor)
        .setMaxResults(Math.clamp(limit, 1, Page.MOST))
        .getResultStream()
        .map(AccessSessionRow::session)
        .toList();
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}
