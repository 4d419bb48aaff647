package io.sallyport.pki;

import io.sallyport.audit.AuditLog;
import io.sallyport.audit.Checkpoint;
import io.sallyport.pki.PkiHealth.Finding;
import io.sallyport.pki.PkiHealth.Level;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Whether what was done is sealed in the log. */
@Singleton
final class LogHealth implements HealthCheck {
  private static final Duration LONGEST_UNSEALED = Duration.ofMinutes(1);

  private final AuditLog log;
  private final Clock clock;

  LogHealth(AuditLog log, Clock clock) {
    this.log = log;
    this.clock = clock;
  }

  @Override
  public String name() {
    return "log";
  }

  @Override
  public List<Finding> look() {
    Optional<Checkpoint> latest = log.latest();
    long sealed = latest.map(Checkpoint::size).orElse(0L);
    return List.of(log.entries(sealed, 1).items().stream()
        .filter(
            next -> Duration.between(next.at(), clock.instant()).compareTo(LONGEST_UNSEALED) > 0)
        .findFirst()
        .map(next -> new Finding(
            name(),
            Level.FAULT,
            "sealing",
            "Fact " + next.position() + " of " + next.at() + " is not sealed yet.",
            "A node must do the job 'seal': look at the metric sallyport_job_held and at the log."))
        .orElseGet(
            () -> Finding.good(name(), "sealing", sealed + " facts are sealed, none waits.")));
  }
}
