package io.sallyport.audit;

import io.sallyport.audit.CheckpointPlace.Cosignature;
import io.sallyport.audit.CheckpointPlace.Kept;
import io.sallyport.audit.CheckpointPlace.Undelivered;
import io.sallyport.kernel.Digest;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Takes the newest checkpoint to one place, now and then, and notes that under the epoch check (law 9). Checkpoints in
 * between are left out: a later one covers what they do. Never holds up the sealing.
 */
final class DeliveryStep implements SingleWriterJob.Step {
  private static final Logger LOG = Logger.getLogger(DeliveryStep.class);
  private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
  private static final Duration LONGEST_RETRY = Duration.ofMinutes(1);

  /** Of the digest of a place's name. */
  private static final int DIGITS = 8;

  private static final String KEPT =
      "select size, octets, digest from checkpoint_delivery where place = ?";
  private static final String DELIVERED = """
      insert into checkpoint_delivery (place, size, at, octets, digest) values (?, ?, ?, ?, ?)
      on conflict (place) do update set size = excluded.size, at = excluded.at, octets = excluded.octets,
        digest = excluded.digest, complaint = null, failing_since = null
      where excluded.size >= checkpoint_delivery.size""";
  private static final String COSIGNED = """
      insert into checkpoint_cosignature (size, witness, line, at) values (?, ?, ?, ?) on conflict do nothing""";
  private static final String FAILED = """
      insert into checkpoint_delivery (place, size, complaint, failing_since) values (?, 0, ?, ?)
      on conflict (place) do update set complaint = excluded.complaint,
        failing_since = coalesce(checkpoint_delivery.failing_since, excluded.failing_since)""";

  private final CheckpointPlace place;
  private final Duration every;
  private final Clock clock;
  private long epoch = -1;
  private long tried;
  private Duration pause = Duration.ZERO;
  private Duration retry = Duration.ZERO;
  private @Nullable String complaint;

  DeliveryStep(CheckpointPlace place, Duration every, Clock clock) {
    this.place = place;
    this.every = every;
    this.clock = clock;
  }

  /** What tells this place from every other. */
  static String key(CheckpointPlace place) {
    return place.kind() + ":" + place.name();
  }

  /** Each place has a job of its own; names of jobs are short. */
  static String job(CheckpointPlace place) {
    return "deliver-" + place.kind() + "-"
        + Digest.of(place.name().getBytes(StandardCharsets.UTF_8)).hex().substring(0, DIGITS);
  }

  @Override
  public boolean run(JobLease lease) throws SQLException {
    if (lease.epoch() != epoch) {
      epoch = lease.epoch();
      place.begin();
      pause = Duration.ZERO;
    } else if (System.nanoTime() - tried < pause.toNanos()) {
      return false;
    }
    tried = System.nanoTime();
    try {
      deliver(lease);
      if (complaint != null) {
        LOG.infof("Checkpoints are delivered to the %s again.", place.kind());
      }
      complaint = null;
      retry = Duration.ZERO;
      pause = every;
    } catch (Undelivered e) {
      failed(lease, e.sentence());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return false;
  }

  private void deliver(JobLease lease) throws SQLException, InterruptedException {
    Optional<SignedRoot> newest = SignedRoot.newest(lease.connection());
    Kept kept = kept(lease.connection());
    long sealed = newest.map(SignedRoot::size).orElse(0L);
    if (sealed < kept.size()) {
      throw new Undelivered("The " + place.kind() + " " + place.name() + " has a checkpoint of "
          + kept.size() + " facts, this log has " + sealed + " sealed: the log went back.");
    }
    if (newest.isEmpty() || sealed == kept.size() && complaint == null) {
      return;
    }
    Kept now = place.deliver(lease.connection(), kept, newest.get());
    lease.write((transaction, mark) -> {
      note(transaction, now);
      return Math.max(mark, now.size());
    });
  }

  private Kept kept(Connection connection) throws SQLException {
    try (PreparedStatement kept = connection.prepareStatement(KEPT)) {
      kept.setString(1, key(place));
      try (ResultSet row = kept.executeQuery()) {
        return row.next()
            ? new Kept(row.getLong(1), row.getLong(2), row.getBytes(3), null)
            : Kept.NOTHING;
      }
    }
  }

  private void note(Connection transaction, Kept now) throws SQLException {
    try (PreparedStatement delivered = transaction.prepareStatement(DELIVERED)) {
      delivered.setString(1, key(place));
      delivered.setLong(2, now.size());
      delivered.setObject(
          3, clock.instant().truncatedTo(ChronoUnit.MICROS).atOffset(ZoneOffset.UTC));
      delivered.setLong(4, now.octets());
      delivered.setBytes(5, now.digest());
      delivered.executeUpdate();
    }
    Cosignature cosignature = now.cosignature();
    if (cosignature != null) {
      try (PreparedStatement cosigned = transaction.prepareStatement(COSIGNED)) {
        cosigned.setLong(1, now.size());
        cosigned.setString(2, cosignature.witness());
        cosigned.setString(3, cosignature.line());
        cosigned.setObject(4, cosignature.at().atOffset(ZoneOffset.UTC));
        cosigned.executeUpdate();
      }
    }
  }

  private void failed(JobLease lease, String sentence) throws SQLException {
    retry = retry.isZero() ? FIRST_RETRY : retry.multipliedBy(2);
    retry = retry.compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : retry;
    pause = retry;
    if (sentence.equals(complaint)) {
      return;
    }
    LOG.warnf("A checkpoint could not be delivered and will be tried again: %s", sentence);
    complaint = sentence;
    lease.write((transaction, mark) -> {
      try (PreparedStatement failed = transaction.prepareStatement(FAILED)) {
        failed.setString(1, key(place));
        failed.setString(2, sentence);
        failed.setObject(
            3, clock.instant().truncatedTo(ChronoUnit.MICROS).atOffset(ZoneOffset.UTC));
        failed.executeUpdate();
      }
      return mark;
    });
  }
}
