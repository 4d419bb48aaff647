package io.sallyport.decommission;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.FactRecorded;
import io.sallyport.audit.JobLease;
import io.sallyport.audit.SingleWriterJob;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.jboss.logging.Logger;

/** Takes open runs on, one node at a time: after a restart, a deadline, a confirmation. */
@Singleton
final class GoingOn {
  private static final int START = 2800;
  private static final Duration INTERVAL = Duration.ofMillis(500);
  /** Runs a round; the next one goes on behind them, so that none is left out however many wait. */
  private static final int MOST = 100;

  private static final UUID FIRST = new UUID(0, 0);
  private static final Logger LOG = Logger.getLogger(GoingOn.class);

  private final DecommissionRuns runs;
  private final SingleWriterJob job;
  private UUID last = FIRST;

  GoingOn(DecommissionRuns runs, DataSource database) {
    this.runs = runs;
    this.job = new SingleWriterJob("decommission", database, INTERVAL, this::round);
  }

  void start(@Observes @Priority(START) StartupEvent event) {
    job.start();
  }

  void stop(@Observes ShutdownEvent event) {
    job.close();
  }

  void wake(@Observes(during = TransactionPhase.AFTER_SUCCESS) FactRecorded recorded) {
    String kind = recorded.fact().kind();
    if (kind.startsWith("decommission.") || kind.startsWith("enforcement.")) {
      job.wake();
    }
  }

  private boolean round(JobLease lease) {
    List<UUID> ready = runs.ready(last, MOST);
    last = ready.size() == MOST ? ready.getLast() : FIRST;
    for (UUID device : ready) {
      try {
        runs.goOn(device);
      } catch (RuntimeException e) {
        LOG.warnf("The decommissioning of %s is taken on later: %s", device, e.getMessage());
      }
    }
    return ready.size() == MOST;
  }
}
