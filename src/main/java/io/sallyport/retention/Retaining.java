package io.sallyport.retention;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.AuditLog;
import io.sallyport.audit.JobFacts;
import io.sallyport.audit.SingleWriterJob;
import io.sallyport.kernel.Ids;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import javax.sql.DataSource;

/** Runs the {@link RetentionStep} every minute while the server runs, on one node. */
@Singleton
final class Retaining {
  static final String JOB = "retain";
  private static final int START = AuditLog.START + 60;
  private static final Duration INTERVAL = Duration.ofSeconds(5);
  private static final Duration EVERY = Duration.ofMinutes(1);
  /** Longer than it takes to drop a table, or to read a small index of one. */
  private static final Duration LEASE = Duration.ofSeconds(30);

  private final SingleWriterJob job;

  Retaining(
      DataSource database, RetentionSettings settings, Ids ids, MeterRegistry meters, Clock clock) {
    for (RecordKind kind : RecordKind.values()) {
      dropped(meters, kind);
    }
    this.job = new SingleWriterJob(
        JOB,
        database,
        INTERVAL,
        LEASE,
        new RetentionStep(
            settings,
            new JobFacts(clock, ids),
            clock,
            EVERY,
            kind -> dropped(meters, kind).increment()));
  }

  private static Counter dropped(MeterRegistry meters, RecordKind kind) {
    return Counter.builder("sallyport.retention.dropped")
        .description("Partitions of records that were dropped when their term had ended")
        .tag("records", kind.word())
        .register(meters);
  }

  void start(@Observes @Priority(START) StartupEvent event) {
    job.start();
  }

  void stop(@Observes ShutdownEvent event) {
    job.close();
  }
}
