package io.sallyport.enforcement;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
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
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Security events as rows. */
@ApplicationScoped
class StoredSecurityEvents implements SecurityEvents {
  private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
  private static final Duration LONGEST_RETRY = Duration.ofMinutes(1);
  /** Doublings after which the pause between attempts is the longest. */
  private static final int MOST_DOUBLINGS = 6;

  private static final int LONGEST_DETAIL = 500;

  private final EntityManager entities;
  private final EnforcementPoints points;
  private final Enforcements enforcements;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  StoredSecurityEvents(
      EntityManager entities,
      EnforcementPoints points,
      Enforcements enforcements,
      Audit audit,
      Ids ids,
      Clock clock) {
    this.entities = entities;
    this.points = points;
    this.enforcements = enforcements;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  @Transactional
  public void add(
      EnforcementPoint point,
      UUID device,
      Type type,
      Map<String, String> payload,
      UUID transaction,
      @Nullable UUID enforcement) {
    Instant now = now();
    entities
        .createNativeQuery("""
            insert into security_event
              (id, point, device, type, payload, enforcement, transaction, at, next_attempt_at, detail)
            values (:id, :point, :device, :type, :payload, :enforcement, :transaction, :now, :now, 'not sent yet')
            on conflict do nothing""")
        .setParameter("id", ids.next())
        .setParameter("point", point.id())
        .setParameter("device", device)
        .setParameter("type", type.name())
        .setParameter("payload", SettingsText.writeTexts(payload))
        .setParameter("enforcement", enforcement)
        .setParameter("transaction", transaction)
        .setParameter("now", now)
        .executeUpdate();
  }

  @Override
  @Transactional
  public List<SecurityEvent> waiting(UUID point, int limit) {
    EnforcementPoint of = registered().get(point);
    return of == null
        ? List.of()
        : entities
            .createQuery(
                "from SecurityEventRow where point = :point and doneAt is null order by id",
                SecurityEventRow.class)
            .setParameter("point", point)
            .setMaxResults(Math.clamp(limit, 1, Page.MOST))
            .getResultStream()
            .map(row -> row.event(of))
            .toList();
  }

  @Override
  @Transactional
  public void taken(UUID point, Collection<UUID> events, String detail) {
    if (events.isEmpty()) {
      return;
    }
    Instant now = now();
    entities
        .createQuery(
            "from SecurityEventRow where point = :point and id in :events and doneAt is null",
            SecurityEventRow.class)
        .setParameter("point", point)
        .setParameter("events", events)
        .setLockMode(LockModeType.PESSIMISTIC_WRITE)
        .getResultList()
        .forEach(row -> {
          row.doneAt = now;
          row.detail = cut(detail);
          if (row.enforcement != null) {
            enforcements.acknowledge(row.enforcement, detail);
          }
          audit.record(Fact.of("security-event.taken", Actor.SERVER, "security-event", row.id)
              .with("type", row.type.word())
              .with("point", point)
              .with("device", row.device));
        });
  }

  @Override
  @Transactional
  public List<SecurityEvent> due() {
    Instant now = now();
    return registered().values().stream()
        .filter(point -> point.settings().parameters().containsKey("push"))
        .flatMap(point -> oldest(point).stream()
            .filter(row -> !row.nextAttemptAt.isAfter(now))
            .map(row -> {
              Duration pause =
                  FIRST_RETRY.multipliedBy(1L << Math.min(row.attempts, MOST_DOUBLINGS));
              row.attempts++;
              row.nextAttemptAt =
                  now.plus(pause.compareTo(LONGEST_RETRY) < 0 ? pause : LONGEST_RETRY);
              return row.event(point);
            }))
        .toList();
  }

  private Optional<SecurityEventRow> oldest(EnforcementPoint point) {
    return entities
        .createQuery(
            "from SecurityEventRow where point = :point and doneAt is null order by id",
            SecurityEventRow.class)
        .setParameter("point", point.id())
        .setLockMode(LockModeType.PESSIMISTIC_WRITE)
        .setMaxResults(1)
        .getResultStream()
        .findFirst();
  }

  @Override
  @Transactional
  public void failed(UUID event, String detail) {
    SecurityEventRow row = entities.find(SecurityEventRow.class, event);
    if (row != null && row.doneAt == null) {
      row.detail = cut(detail);
      EnforcementRow told =
          row.enforcement == null ? null : entities.find(EnforcementRow.class, row.enforcement);
      if (told != null && told.acknowledgedAt == null) {
        told.detail = row.detail;
      }
    }
  }

  private Map<UUID, EnforcementPoint> registered() {
    Map<UUID, EnforcementPoint> receivers = new HashMap<>();
    points.all().stream()
        .filter(point -> point.kind() == PointKind.SIGNALS)
        .forEach(point -> receivers.put(point.id(), point));
    return receivers;
  }

  private static String cut(String text) {
    return text.length() <= LONGEST_DETAIL ? text : text.substring(0, LONGEST_DETAIL);
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}
