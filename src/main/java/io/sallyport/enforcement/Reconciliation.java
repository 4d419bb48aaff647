package io.sallyport.enforcement;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.FactRecorded;
import io.sallyport.audit.JobLease;
import io.sallyport.audit.SingleWriterJob;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.enforcement.Sessions.Session;
import io.sallyport.events.Changes;
import io.sallyport.events.Changes.Change;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import jakarta.inject.Singleton;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;

/**
 * Compares what points enforce with what is decided now, for every device that a change touches, and has the difference
 * withdrawn. The job's mark is the position in the change feed up to which that is done, so no change is left out when
 * the job passes to another node.
 */
@Singleton
final class Reconciliation {
  private static final Duration INTERVAL = Duration.ofMillis(100);
  private static final int MOST_CHANGES = 200;
  /** These take everything away: points that have no session of the device are told as well. */
  private static final Set<String> TAKE_ALL =
      Set.of("device.quarantined", "device.suspended", "device.decommissioned");

  private final Changes changes;
  private final DecisionPoint decisions;
  private final Sessions sessions;
  private final Enforcements enforcements;
  private final SingleWriterJob job;

  Reconciliation(
      Changes changes,
      DecisionPoint decisions,
      Sessions sessions,
      Enforcements enforcements,
      DataSource database) {
    this.changes = changes;
    this.decisions = decisions;
    this.sessions = sessions;
    this.enforcements = enforcements;
    this.job = new SingleWriterJob("reconcile", database, INTERVAL, this::round);
  }

  void start(@Observes @Priority(Deliveries.START) StartupEvent event) {
    job.start();
  }

  void stop(@Observes ShutdownEvent event) {
    job.close();
  }

  void wake(@Observes(during = TransactionPhase.AFTER_SUCCESS) FactRecorded recorded) {
    job.wake();
  }

  private boolean round(JobLease lease) throws SQLException {
    long mark = lease.mark();
    // What memory does not hold yet would be judged by what it was before.
    long known = decisions.position();
    List<Change> next = changes.after(mark, MOST_CHANGES).stream()
        .takeWhile(change -> change.position() <= known)
        .toList();
    if (next.isEmpty()) {
      return false;
    }
    Map<UUID, Optional<String>> devices = new LinkedHashMap<>();
    boolean everybody = false;
    for (Change change : next) {
      switch (change.subjectType()) {
        case "device" -> {
          boolean all = TAKE_ALL.contains(change.kind());
          UUID device = UUID.fromString(change.subject());
          if (all || !devices.containsKey(device)) {
            devices.put(device, all ? Optional.of(change.kind()) : Optional.empty());
          }
        }
        case "policy", "profile", "device-profile" -> everybody = true;
        default -> {}
      }
    }
    devices.forEach((device, all) -> {
      all.ifPresent(kind -> withdrawAll(device, kind));
      sessions.live(device).forEach(this::compare);
    });
    if (everybody) {
      compareAll();
    }
    lease.write((transaction, before) -> next.getLast().position());
    return next.size() == MOST_CHANGES;
  }

  private void withdrawAll(UUID device, String kind) {
    try {
      enforcements.withdraw(device, kind);
    } catch (Refusal gone) {
      // A change about a device that this database never had: nothing is enforced for it.
    }
  }

  private void compareAll() {
    UUID cursor = null;
    List<Session> page;
    do {
      page = sessions.after(cursor, Page.MOST);
      page.forEach(this::compare);
      cursor = page.isEmpty() ? null : page.getLast().id();
    } while (page.size() == Page.MOST);
  }

  private void compare(Session session) {
    Decision decision = decisions.decide(session.device(), null);
    if (decision.permit() != session.permit()) {
      enforcements.withdraw(session, decision.reasons().getFirst());
    }
  }
}
