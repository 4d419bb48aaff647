package io.sallyport.enforcement;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.decision.Concern;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.enforcement.SecurityEvents.Type;
import io.sallyport.events.Changes;
import io.sallyport.events.Changes.Change;
import io.sallyport.events.Changes.Following;
import io.sallyport.kernel.Ids;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Notices when a device becomes compliant or stops being so, and has it told to the receivers that guard its site. */
@Singleton
final class ComplianceWatch {
  private static final String COMPLIANT = "compliant";
  private static final String NOT_COMPLIANT = "not-compliant";

  private static final String NOTED =
      "select device, compliant from compliance where device = any (?) order by device for update";
  private static final String NOTE = """
      insert into compliance (device, compliant, at) select device, compliant, ? from unnest(?, ?) as one (device, compliant)
      on conflict (device) do update set compliant = excluded.compliant, at = excluded.at""";

  private final Changes changes;
  private final DecisionPoint decisions;
  private final FleetMemory memory;
  private final EnforcementPoints points;
  private final SecurityEvents events;
  private final DataSource database;
  private final Ids ids;
  private final Clock clock;
  private @Nullable Following following;

  ComplianceWatch(
      Changes changes,
      DecisionPoint decisions,
      FleetMemory memory,
      EnforcementPoints points,
      SecurityEvents events,
      DataSource database,
      Ids ids,
      Clock clock) {
    this.changes = changes;
    this.decisions = decisions;
    this.memory = memory;
    this.points = points;
    this.events = events;
    this.database = database;
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
    Map<UUID, Boolean> now = new TreeMap<>();
    for (Change change : some) {
      if (Concern.of(change) instanceof Concern.OfDevice(UUID device)) {
        decisions.compliant(device).ifPresent(compliant -> now.put(device, compliant));
      }
    }
    if (!now.isEmpty()) {
      QuarkusTransaction.requiringNew().run(() -> compare(now));
    }
  }

  /** What was never noted was compliant: a device that nobody heard of yet cannot have stopped being so. */
  private void compare(Map<UUID, Boolean> now) {
    Map<UUID, Boolean> before = noted(now.keySet());
    Map<UUID, Boolean> other = new TreeMap<>(now);
    other.entrySet().removeIf(one -> one.getValue().equals(before.get(one.getKey())));
    note(other);
    other.forEach((device, compliant) -> {
      if (!compliant.equals(before.getOrDefault(device, true))) {
        tell(device, compliant);
      }
    });
  }

  private Map<UUID, Boolean> noted(Collection<UUID> devices) {
    Map<UUID, Boolean> noted = new TreeMap<>();
    try (Connection transaction = database.getConnection();
        PreparedStatement query = transaction.prepareStatement(NOTED)) {
      query.setArray(1, transaction.createArrayOf("uuid", devices.toArray()));
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          noted.put(rows.getObject(1, UUID.class), rows.getBoolean(2));
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException("what was noted of devices could not be read", e);
    }
    return noted;
  }

  private void note(Map<UUID, Boolean> compliant) {
    if (compliant.isEmpty()) {
      return;
    }
    try (Connection transaction = database.getConnection();
        PreparedStatement note = transaction.prepareStatement(NOTE)) {
      note.setObject(1, clock.instant().atOffset(ZoneOffset.UTC));
      note.setArray(2, transaction.createArrayOf("uuid", compliant.keySet().toArray()));
      note.setArray(3, transaction.createArrayOf("boolean", compliant.values().toArray()));
      note.executeUpdate();
    } catch (SQLException e) {
      throw new IllegalStateException("what became of devices could not be noted", e);
    }
  }

  private void tell(UUID device, boolean compliant) {
    UUID transaction = ids.next();
    String site = decisions.site(device).orElse(null);
    points.all().stream()
        .filter(point -> point.kind() == PointKind.SIGNALS && point.settings().guardsSite(site))
        .forEach(point -> events.add(
            point,
            device,
            Type.DEVICE_COMPLIANCE_CHANGE,
            Map.of(
                "previous_status", compliant ? NOT_COMPLIANT : COMPLIANT,
                "current_status", compliant ? COMPLIANT : NOT_COMPLIANT),
            transaction,
            null));
  }
}
