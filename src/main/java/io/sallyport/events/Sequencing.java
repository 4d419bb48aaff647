package io.sallyport.events;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.FactRecorded;
import io.sallyport.audit.SingleWriterJob;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import javax.sql.DataSource;

/**
 * Runs the {@link Sequencer} while the server runs: woken by each commit on this node, and looking by itself often
 * enough that what another node commits is numbered within 50 ms as well.
 */
@Singleton
final class Sequencing implements Changes {
  private static final Duration INTERVAL = Duration.ofMillis(40);

  private final FactFeed feed;
  private final SingleWriterJob job;

  Sequencing(DataSource database) {
    this.feed = new FactFeed(database);
    this.job = new SingleWriterJob(Sequencer.JOB, database, INTERVAL, new Sequencer());
  }

  void start(@Observes @Priority(START) StartupEvent event) {
    job.start();
  }

  void stop(@Observes @Priority(Integer.MAX_VALUE) ShutdownEvent event) {
    job.close();
  }

  void wake(@Observes(during = TransactionPhase.AFTER_SUCCESS) FactRecorded recorded) {
    job.wake();
  }

  @Override
  public long position() {
    return feed.position();
  }

  @Override
  public List<Change> after(long position, int limit) {
    return feed.after(position, limit);
  }
}
