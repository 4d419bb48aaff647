package io.sallyport.attestation;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.SingleWriterJob;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import javax.sql.DataSource;

/** Ends signals when their time is over, one node at a time. Decisions do not wait for it: they look at the clock. */
@Singleton
final class SignalExpiry {
  private static final int START = 2700;
  private static final Duration INTERVAL = Duration.ofSeconds(1);
  private static final int MOST = 500;

  private final SingleWriterJob job;

  SignalExpiry(StoredSignals signals, DataSource database) {
    this.job = new SingleWriterJob(
        "expire-signals", database, INTERVAL, lease -> signals.expire(MOST) == MOST);
  }

  void start(@Observes @Priority(START) StartupEvent event) {
    job.start();
  }

  void stop(@Observes ShutdownEvent event) {
    job.close();
  }
}
