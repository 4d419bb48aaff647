package io.sallyport.pki;

import io.sallyport.audit.AuditLog;
import io.sallyport.audit.Checkpoint;
import io.sallyport.audit.CheckpointDeliveries;
import io.sallyport.audit.CheckpointDeliveries.Delivery;
import io.sallyport.pki.PkiHealth.Finding;
import io.sallyport.pki.PkiHealth.Level;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Whether what was done is sealed in the log. */
@Singleton
final class LogHealth implements HealthCheck {
  private static final Duration LONGEST_UNSEALED = Duration.ofMinutes(1);

  /** Some times the longest interval between deliveries. */
  private static final Duration LONGEST_UNDELIVERED = Duration.ofHours(3);

  private final AuditLog log;
  private final CheckpointDeliveries kept;
  private final Clock clock;

  LogHealth(AuditLog log, CheckpointDeliveries kept, Clock clock) {
    this.log = log;
    this.kept = kept;
    this.clock = clock;
  }

  @Override
  public String name() {
    return "log";
  }

  @Override
  public List<Finding> look() {
    List<Finding> findings = new ArrayList<>();
    findings.add(sealed());
    List<Delivery> places = kept.deliveries();
    places.forEach(place -> findings.add(delivered(place)));
    if (places.isEmpty()) {
      findings.add(
          new Finding(
              name(),
              Level.ADVICE,
              "checkpoints",
              "Checkpoints are kept by this server alone.",
              "Whoever owns the server could replace the log's history unseen. Set an append-only file, a"
                  + " bucket with retention or a witness (sallyport.audit.checkpoint-file, .store, .witness-url)."));
    }
    return findings;
  }

  private Finding delivered(Delivery place) {
    String complaint = place.complaint();
    Instant since = place.waitingSince();
    if (complaint != null) {
      return new Finding(
          name(),
          Level.FAULT,
          place.place(),
          complaint,
          "Find out who changed it, or mend the way there.");
    }
    if (since != null
        && Duration.between(since, clock.instant()).compareTo(LONGEST_UNDELIVERED) > 0) {
      return new Finding(
          name(),
          Level.FAULT,
          place.place(),
          "It waits for a checkpoint since " + since + ".",
          "A node must do its job 'deliver': look at the metric sallyport_job_held and at the log.");
    }
    return Finding.good(
        name(), place.place(), "It has " + place.size() + " facts under its newest checkpoint.");
  }

  private Finding sealed() {
    Optional<Checkpoint> latest = log.latest();
    long sealed = latest.map(Checkpoint::size).orElse(0L);
    return log.entries(sealed, 1).items().stream()
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
            () -> Finding.good(name(), "sealing", sealed + " facts are sealed, none waits."));
  }
}
