package io.sallyport.enforcement;

import io.quarkus.arc.All;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.FactRecorded;
import io.sallyport.audit.JobLease;
import io.sallyport.audit.SingleWriterJob;
import io.sallyport.enforcement.Enforcements.Enforcement;
import io.sallyport.enforcement.Enforcer.Answer;
import io.sallyport.enforcement.Enforcer.Failed;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jboss.logging.Logger;

/**
 * Tells points in parallel what is withdrawn, until each has confirmed it, and ends sessions that fell silent. One node
 * does it at a time; a withdrawal that is told twice after a change of nodes does no harm.
 */
@Singleton
final class Deliveries {
  /** After the enforcement points are known. */
  static final int START = 2700;

  private static final Duration INTERVAL = Duration.ofMillis(200);
  private static final int MOST_AT_ONCE = 128;
  private static final int MOST_IN_ROUND = 32;
  private static final Logger LOG = Logger.getLogger(Deliveries.class);

  private final StoredEnforcements enforcements;
  private final StoredSessions sessions;
  private final Map<PointKind, Enforcer> enforcers;
  private final SingleWriterJob job;
  private final ExecutorService tellers = Executors.newVirtualThreadPerTaskExecutor();
  private final Semaphore places = new Semaphore(MOST_AT_ONCE);

  Deliveries(
      StoredEnforcements enforcements,
      StoredSessions sessions,
      @All List<Enforcer> enforcers,
      DataSource database) {
    this.enforcements = enforcements;
    this.sessions = sessions;
    this.enforcers =
        enforcers.stream().collect(Collectors.toMap(Enforcer::kind, Function.identity()));
    this.job = new SingleWriterJob("deliver", database, INTERVAL, this::round);
  }

  void start(@Observes @Priority(START) StartupEvent event) {
    job.start();
  }

  void stop(@Observes ShutdownEvent event) {
    job.close();
    tellers.shutdownNow();
  }

  void wake(@Observes(during = TransactionPhase.AFTER_SUCCESS) FactRecorded recorded) {
    if (recorded.fact().kind().equals("enforcement.desired")) {
      job.wake();
    }
  }

  /** Never waits for a point: one that is silent holds up nobody else. */
  private boolean round(JobLease lease) {
    int free = Math.min(places.availablePermits(), MOST_IN_ROUND);
    List<Enforcement> due = free == 0 ? List.of() : enforcements.due(free);
    due.forEach(enforcement -> {
      places.acquireUninterruptibly();
      tellers.execute(() -> {
        try {
          tell(enforcement);
        } finally {
          places.release();
        }
      });
    });
    enforcements.settleRemoved();
    enforcements.markUnconfirmed();
    sessions.endSilent(MOST_IN_ROUND);
    return due.size() == MOST_IN_ROUND;
  }

  private void tell(Enforcement enforcement) {
    Enforcer enforcer = enforcers.get(enforcement.point().kind());
    Answer answer;
    try {
      answer = enforcer == null
          ? new Failed("points of kind " + enforcement.point().kind().word() + " cannot be told")
          : enforcer.tell(enforcement);
    } catch (RuntimeException e) {
      LOG.warnf(
          e, "Telling %s failed and will be tried again", enforcement.point().name());
      answer = new Failed("this server failed to tell it; its log says why");
    }
    try {
      enforcements.told(enforcement.id(), answer);
    } catch (RuntimeException e) {
      LOG.warnf(
          "What %s answered could not be kept, it is told again: %s",
          enforcement.point().name(), e.getMessage());
    }
  }
}
