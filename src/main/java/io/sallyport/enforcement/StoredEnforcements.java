package io.sallyport.enforcement;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Devices;
import io.sallyport.enforcement.Enforcer.Acknowledged;
import io.sallyport.enforcement.Enforcer.Answer;
import io.sallyport.enforcement.Enforcer.Failed;
import io.sallyport.enforcement.Enforcer.Told;
import io.sallyport.enforcement.Sessions.Session;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Withdrawals as rows. */
@ApplicationScoped
class StoredEnforcements implements Enforcements {
  private static final String SUBJECT = "enforcement";
  private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
  private static final Duration LONGEST_RETRY = Duration.ofMinutes(1);
  /** Doublings after which the pause between attempts is the longest. */
  private static final int MOST_DOUBLINGS = 6;

  private static final int LONGEST_DETAIL = 500;

  private final EntityManager entities;
  private final EnforcementPoints points;
  private final Sessions sessions;
  private final Devices devices;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  StoredEnforcements(
      EntityManager entities,
      EnforcementPoints points,
      Sessions sessions,
      Devices devices,
      Audit audit,
      Ids ids,
      Clock clock) {
    this.entities = entities;
    this.points = points;
    this.sessions = sessions;
    this.devices = devices;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  @Transactional
  public List<Enforcement> withdraw(UUID device, String reason) {
    String site = devices.get(device).site();
    List<Session> live = sessions.live(device);
    List<Enforcement> noted = new ArrayList<>();
    for (EnforcementPoint point : registered()) {
      if (point.kind().asks()) {
        continue;
      }
      if (point.kind() == PointKind.RADIUS) {
        live.stream()
            .filter(session -> session.point().equals(point.id()))
            .forEach(session -> note(point, device, session.id(), reason).ifPresent(noted::add));
      } else if (point.settings().guardsSite(site)) {
        note(point, device, null, reason).ifPresent(noted::add);
      }
    }
    return noted;
  }

  @Override
  @Transactional
  public Optional<Enforcement> withdraw(Session session, String reason) {
    return point(session.point())
        .flatMap(point -> note(point, session.device(), session.id(), reason));
  }

  /**
   * A session that has ended, or is being ended, is not ended again. Of a device at a point there may be more to take away than when its
   * open withdrawal was noted, so that one is desired anew: what the point confirms of before does not confirm it.
   */
  private Optional<Enforcement> note(
      EnforcementPoint point, UUID device, @Nullable UUID session, String reason) {
    List<?> noted = entities
        .createNativeQuery("""
            insert into enforcement (id, point, device, session, reason, desired_at, next_attempt_at, detail)
            select :id, :point, :device, cast(:session as uuid), :reason, cast(:now as timestamptz),
              cast(:now as timestamptz), 'not told yet'
            where cast(:session as uuid) is null or exists (
              select from access_session where id = cast(:session as uuid) and ended_at is null)
            on conflict (point, device, coalesce(session, '00000000-0000-0000-0000-000000000000'))
              where acknowledged_at is null
            do update set reason = excluded.reason, desired_at = excluded.desired_at,
                next_attempt_at = excluded.next_attempt_at
              where enforcement.session is null
            returning id""")
        .setParameter("id", ids.next())
        .setParameter("point", point.id())
        .setParameter("device", device)
        .setParameter("session", session)
        .setParameter("reason", reason)
        .setParameter("now", now())
        .getResultList();
    if (noted.isEmpty()) {
      return Optional.empty();
    }
    UUID id = (UUID) noted.getFirst();
    audit.record(Fact.of("enforcement.desired", Actor.SERVER, SUBJECT, id)
        .with("point", point.name())
        .with("device", device)
        .with("reason", reason));
    return Optional.of(entities.find(EnforcementRow.class, id).enforcement(point));
  }

  @Override
  @Transactional
  public void acknowledge(UUID enforcement, String detail) {
    EnforcementRow row =
        entities.find(EnforcementRow.class, enforcement, LockModeType.PESSIMISTIC_WRITE);
    if (row != null && row.acknowledgedAt == null) {
      acknowledge(row, detail);
    }
  }

  @Override
  @Transactional
  public void acknowledge(EnforcementPoint point, Instant seen, String detail) {
    entities
        .createQuery(
            "from EnforcementRow where point = :point and acknowledgedAt is null and desiredAt <= :seen",
            EnforcementRow.class)
        .setParameter("point", point.id())
        .setParameter("seen", seen)
        .setLockMode(LockModeType.PESSIMISTIC_WRITE)
        .setMaxResults(Page.MOST)
        .getResultList()
        .forEach(row -> acknowledge(row, detail));
  }

  private void acknowledge(EnforcementRow row, String detail) {
    row.acknowledgedAt = now();
    row.nextAttemptAt = null;
    row.detail = cut(detail);
    audit.record(Fact.of("enforcement.acknowledged", Actor.SERVER, SUBJECT, row.id)
        .with("point", row.point)
        .with("device", row.device)
        .with("attempts", row.attempts)
        .with("detail", row.detail));
  }

  @Override
  @Transactional
  public Optional<Enforcement> get(UUID enforcement) {
    return Optional.ofNullable(entities.find(EnforcementRow.class, enforcement)).map(this::full);
  }

  @Override
  @Transactional
  public List<Enforcement> of(UUID device, int limit) {
    return entities
        .createQuery(
            "from EnforcementRow where device = :device order by desiredAt desc, id desc",
            EnforcementRow.class)
        .setParameter("device", device)
        .setMaxResults(Math.clamp(limit, 1, Page.MOST))
        .getResultStream()
        .map(this::full)
        .toList();
  }

  @Override
  @Transactional
  public long open(UUID point) {
    return entities
        .createQuery(
            "select count(*) from EnforcementRow where point = :point and acknowledgedAt is null",
            Long.class)
        .setParameter("point", point)
        .getSingleResult();
  }

  @Override
  @Transactional
  public Optional<Instant> waitingSince(UUID point) {
    return Optional.ofNullable(entities
        .createQuery(
            "select min(desiredAt) from EnforcementRow where point = :point and acknowledgedAt is null",
            Instant.class)
        .setParameter("point", point)
        .getSingleResult());
  }

  /** What is to be told now, each put off by the pause after its next attempt, so that a lost answer is no storm. */
  @Transactional
  List<Enforcement> due(int limit) {
    Instant now = now();
    return entities
        .createQuery(
            "from EnforcementRow where acknowledgedAt is null and nextAttemptAt <= :now"
                + " order by attempts, nextAttemptAt",
            EnforcementRow.class)
        .setParameter("now", now)
        .setLockMode(LockModeType.PESSIMISTIC_WRITE)
        .setMaxResults(limit)
        .getResultStream()
        .map(row -> {
          Duration pause = FIRST_RETRY.multipliedBy(1L << Math.min(row.attempts, MOST_DOUBLINGS));
          row.attempts++;
          row.nextAttemptAt = now.plus(pause.compareTo(LONGEST_RETRY) < 0 ? pause : LONGEST_RETRY);
          return full(row);
        })
        .toList();
  }

  /** Notes what came of an attempt. */
  @Transactional
  void told(UUID enforcement, Answer answer) {
    EnforcementRow row =
        entities.find(EnforcementRow.class, enforcement, LockModeType.PESSIMISTIC_WRITE);
    if (row == null || row.acknowledgedAt != null) {
      return;
    }
    switch (answer) {
      case Acknowledged(String detail) -> acknowledge(row, detail);
      case Told(String detail) -> {
        row.detail = cut(detail);
        row.nextAttemptAt = null;
      }
      case Failed(String detail) -> row.detail = cut(detail);
    }
  }

  /** Settles what nobody is left to confirm. */
  @Transactional
  void settleRemoved() {
    entities
        .createQuery(
            "from EnforcementRow where acknowledgedAt is null and point in"
                + " (select p.id from EnforcementPointRow p where p.removedAt is not null)",
            EnforcementRow.class)
        .setLockMode(LockModeType.PESSIMISTIC_WRITE)
        .setMaxResults(Page.MOST)
        .getResultList()
        .forEach(row -> acknowledge(row, "the point was withdrawn; there is nobody to tell"));
  }

  /** Marks as unconfirmed what its point did not confirm within its declared delay. */
  @Transactional
  void markUnconfirmed() {
    Instant now = now();
    registered()
        .forEach(point -> entities
            .createQuery(
                "from EnforcementRow where point = :point and acknowledgedAt is null and unconfirmedAt is null"
                    + " and desiredAt <= :before",
                EnforcementRow.class)
            .setParameter("point", point.id())
            .setParameter("before", now.minus(point.worstCaseDelay()))
            .setLockMode(LockModeType.PESSIMISTIC_WRITE)
            .setMaxResults(Page.MOST)
            .getResultList()
            .forEach(row -> {
              row.unconfirmedAt = now;
              audit.record(Fact.of("enforcement.unconfirmed", Actor.SERVER, SUBJECT, row.id)
                  .with("point", point.name())
                  .with("device", row.device)
                  .with("detail", row.detail));
            }));
  }

  private Enforcement full(EnforcementRow row) {
    return row.enforcement(point(row.point).orElseThrow());
  }

  private List<EnforcementPoint> registered() {
    return points.all();
  }

  /** Withdrawn points too: what was desired at them is still shown. */
  private Optional<EnforcementPoint> point(UUID id) {
    return Optional.ofNullable(entities.find(EnforcementPointRow.class, id))
        .map(EnforcementPointRow::point);
  }

  private static String cut(String text) {
    return text.length() <= LONGEST_DETAIL ? text : text.substring(0, LONGEST_DETAIL);
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}
