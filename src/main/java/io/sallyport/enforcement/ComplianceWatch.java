package io.sallyport.enforcement;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.enforcement.SecurityEvents.Type;
import io.sallyport.events.Changes;
import io.sallyport.events.Changes.Change;
import io.sallyport.events.Changes.Following;
import io.sallyport.kernel.Ids;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Notices when a device becomes compliant or stops being so, and has it told to the receivers that guard its site. */
@Singleton
final class ComplianceWatch {
  private static final String COMPLIANT = "compliant";
  private static final String NOT_COMPLIANT = "not-compliant";

  private final Changes changes;
  private final DecisionPoint decisions;
  private final FleetMemory memory;
  private final EnforcementPoints points;
  private final SecurityEvents events;
  private final EntityManager entities;
  private final Ids ids;
  private final Clock clock;
  private @Nullable Following following;

  ComplianceWatch(
      Changes changes,
      DecisionPoint decisions,
      FleetMemory memory,
      EnforcementPoints points,
      SecurityEvents events,
      EntityManager entities,
      Ids ids,
      Clock clock) {
    this.changes = changes;
    this.decisions = decisions;
    this.memory = memory;
    this.points = points;
    this.events = events;
    this.entities = entities;
    this.ids = ids;
    this.clock = clock;
  }

  void start(@Observes @Priority(Deliveries.START) StartupEvent event) {
    following = changes.followOnce("compliance", this::watch);
  }

  void stop(@Observes ShutdownEvent event) {
    if (following != null) {
      following.close();
    }
  }

  private void watch(List<Change> some) {
    memory.await(some.getLast().position());
    some.stream()
        .flatMap(change -> FleetMemory.device(change).stream())
        .distinct()
        .forEach(device -> decisions
            .compliant(device)
            .ifPresent(now -> QuarkusTransaction.requiringNew().run(() -> compare(device, now))));
  }

  /** What was never noted was compliant: a device that nobody heard of yet cannot have stopped being so. */
  private void compare(UUID device, boolean compliant) {
    List<?> before = entities
        .createNativeQuery(
            "select compliant from compliance where device = :device for update", Boolean.class)
        .setParameter("device", device)
        .getResultList();
    boolean was = before.isEmpty() || Boolean.TRUE.equals(before.getFirst());
    if (was == compliant && !before.isEmpty()) {
      return;
    }
    entities
        .createNativeQuery("""
            insert into compliance (device, compliant, at) values (:device, :compliant, :now)
            on conflict (device) do update set compliant = excluded.compliant, at = excluded.at""")
        .setParameter("device", device)
        .setParameter("compliant", compliant)
        .setParameter("now", clock.instant())
        .executeUpdate();
    if (was == compliant) {
      return;
    }
    UUID transaction = ids.next();
    String site = decisions.site(device).orElse(null);
    points.all().stream()
        .filter(point -> point.kind() == PointKind.SIGNALS && point.settings().guardsSite(site))
        .forEach(point -> events.add(
            point,
            device,
            Type.DEVICE_COMPLIANCE_CHANGE,
            Map.of(
                "previous_status", was ? COMPLIANT : NOT_COMPLIANT,
                "current_status", compliant ? COMPLIANT : NOT_COMPLIANT),
            transaction,
            null));
  }
}
