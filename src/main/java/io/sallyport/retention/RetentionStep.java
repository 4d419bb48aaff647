package io.sallyport.retention;

import io.sallyport.audit.Fact;
import io.sallyport.audit.JobFacts;
import io.sallyport.audit.JobLease;
import io.sallyport.audit.LogCoverage;
import io.sallyport.audit.SingleWriterJob;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.function.Consumer;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Makes partitions ahead and drops those whose term has ended, one act a step. What will go is a fact a day before, and
 * goes only when that fact is sealed and the clock has not jumped since; of the log only what lies under a checkpoint
 * that a place outside has. A crash between detaching and dropping leaves a table that nobody reads, and the next step
 * drops it.
 */
final class RetentionStep implements SingleWriterJob.Step {
  /** From the announcement to the end, and how long the clock must have gone on. */
  static final Duration NOTICE = Duration.ofDays(1);
  /** Partitions beyond the one in use. */
  private static final int AHEAD = 2;

  private static final String LOCK_NOT_AVAILABLE = "55P03";
  private static final String HELD =
      "select held_since is not null from retention_state where id = 1 for share";
  private static final Logger LOG = Logger.getLogger(RetentionStep.class);

  private final RetentionSettings settings;
  private final JobFacts facts;
  private final Clock clock;
  private final Duration every;
  private final Consumer<RecordKind> dropped;
  private long looked;
  private boolean rest;

  /**
   * @param every how long to rest when there is nothing to do
   * @param dropped told of each partition that is gone
   */
  RetentionStep(
      RetentionSettings settings,
      JobFacts facts,
      Clock clock,
      Duration every,
      Consumer<RecordKind> dropped) {
    this.settings = settings;
    this.facts = facts;
    this.clock = clock;
    this.every = every;
    this.dropped = dropped;
  }

  @Override
  public boolean run(JobLease lease) throws SQLException {
    if (rest && System.nanoTime() - looked < every.toNanos()) {
      return false;
    }
    looked = System.nanoTime();
    rest = true;
    try {
      boolean more = act(lease);
      rest = !more;
      return more;
    } catch (SQLException e) {
      if (!LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
        throw e;
      }
      LOG.debug("A partition is in use; it is tried again later.", e);
      return false;
    }
  }

  private boolean act(JobLease lease) throws SQLException {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    Instant[] steady = new Instant[1];
    lease.write((transaction, mark) -> {
      steady[0] = ClockWatch.look(transaction, now);
      return mark;
    });
    PartitionTable table = new PartitionTable(lease.connection());
    for (RecordKind kind : RecordKind.values()) {
      if (finish(lease, table.all(kind), now)) {
        return true;
      }
    }
    if (steady[0].plus(NOTICE).isAfter(now)) {
      return false;
    }
    for (RecordKind kind : RecordKind.values()) {
      if (grow(lease, kind, table.all(kind), now)) {
        return true;
      }
    }
    if (settings.hold() || held(lease.connection())) {
      return false;
    }
    for (RecordKind kind : RecordKind.values()) {
      if (end(lease, kind, now, steady[0])) {
        return true;
      }
    }
    return false;
  }

  /** What was cut off between its end and the drop of its table. */
  private boolean finish(JobLease lease, List<Partition> partitions, Instant now)
      throws SQLException {
    for (Partition partition : partitions) {
      if (partition.detached() != null && partition.dropped() == null) {
        lease.write((transaction, mark) -> {
          new PartitionTable(transaction).drop(partition, now);
          return mark;
        });
        dropped.accept(partition.kind());
        return true;
      }
    }
    return false;
  }

  private boolean grow(JobLease lease, RecordKind kind, List<Partition> partitions, Instant now)
      throws SQLException {
    if (!kind.growing() || partitions.isEmpty()) {
      return false;
    }
    PartitionSpan span = PartitionSpan.of(settings.partition());
    LocalDate today = LocalDate.ofInstant(now, ZoneOffset.UTC);
    LocalDate last = partitions.getLast().end();
    if (!last.isBefore(span.after(today, 1 + AHEAD))) {
      return false;
    }
    // After a long time off, one partition for all of it.
    LocalDate end = last.isBefore(span.begin(today)) ? span.begin(today) : span.after(last, 1);
    lease.write((transaction, mark) -> {
      new PartitionTable(transaction).add(kind, last, end);
      return mark;
    });
    return true;
  }

  private boolean end(JobLease lease, RecordKind kind, Instant now, Instant steady)
      throws SQLException {
    PartitionTable table = new PartitionTable(lease.connection());
    Partition oldest = null;
    for (Partition partition : table.all(kind)) {
      if (partition.detached() == null) {
        oldest = partition;
        break;
      }
    }
    if (oldest == null) {
      return false;
    }
    Instant announced = oldest.announced();
    boolean ended =
        obstacle(table, LogCoverage.read(lease.connection()), oldest, settings.term(kind), now)
            == null;
    if (announced == null) {
      if (ended) {
        announce(lease, oldest, now);
      }
      return ended;
    }
    if (!ended || announced.isBefore(steady) || announced.isAfter(now)) {
      withdraw(lease, oldest);
      return true;
    }
    LogCoverage coverage = LogCoverage.read(lease.connection());
    long covered = kind == RecordKind.FACTS ? coverage.delivered() : coverage.sealed();
    long told = table.announcement(oldest);
    if (announced.plus(NOTICE).isAfter(now) || told == 0 || told > covered) {
      return false;
    }
    return detach(lease, oldest, now);
  }

  /** Why it may not be announced to go, in a sentence; null when it may. */
  static @Nullable String obstacle(
      PartitionTable table, LogCoverage coverage, Partition partition, Duration term, Instant now)
      throws SQLException {
    if (LocalDate.ofInstant(now, ZoneOffset.UTC).isBefore(partition.goes(term))) {
      return "Its term has not ended.";
    }
    if (partition.kind().growing()
        && !table.open(partition.kind()).orElse(LocalDate.MIN).isAfter(partition.begin())) {
      return "It is in use.";
    }
    if (partition.kind() == RecordKind.FACTS && partition.used()) {
      Long last = table.lastPosition(partition);
      if (last == null) {
        return "Its facts are not there: check the log.";
      }
      if (last > coverage.sealed()) {
        return "It is not sealed.";
      }
      if (last > coverage.delivered()) {
        return "No place outside of the server has a checkpoint over it; set one (sallyport.audit.checkpoint-file, a"
            + " bucket, a witness).";
      }
    }
    return table.younger(partition, now.minus(term))
        ? "Something in it is younger than the partition is."
        : null;
  }

  private void announce(JobLease lease, Partition partition, Instant now) throws SQLException {
    PartitionTable read = new PartitionTable(lease.connection());
    Long until = partition.kind() == RecordKind.FACTS ? read.lastPosition(partition) : null;
    Digest root = until == null ? null : LogCoverage.root(lease.connection(), until);
    lease.write((transaction, mark) -> {
      new PartitionTable(transaction).announce(partition, now, until);
      facts.record(transaction, fact("retention.announced", partition, until, root));
      return mark;
    });
  }

  private void withdraw(JobLease lease, Partition partition) throws SQLException {
    lease.write((transaction, mark) -> {
      new PartitionTable(transaction).announce(partition, null, null);
      facts.record(transaction, fact("retention.withdrawn", partition, partition.until(), null));
      return mark;
    });
  }

  private boolean detach(JobLease lease, Partition partition, Instant now) throws SQLException {
    Long until = partition.until();
    Digest root = until == null ? null : LogCoverage.root(lease.connection(), until);
    boolean[] done = new boolean[1];
    lease.write((transaction, mark) -> {
      // A hold that was answered before this commits holds.
      done[0] = !held(transaction);
      if (done[0]) {
        new PartitionTable(transaction)
            .detach(partition, now, shown(settings.term(partition.kind())));
        facts.record(transaction, fact("retention.dropped", partition, until, root));
      }
      return mark;
    });
    if (!done[0]) {
      return false;
    }
    LOG.infof(
        "The %s before %s are dropped: their term of %s has ended.",
        partition.kind().word(), partition.end(), shown(settings.term(partition.kind())));
    return true;
  }

  private Fact fact(String kind, Partition partition, @Nullable Long until, @Nullable Digest root) {
    Fact fact = Fact.of(kind, Actor.SERVER, "retention", partition.name())
        .with("records", partition.kind().word())
        .with("before", partition.end())
        .with("term", shown(settings.term(partition.kind())));
    if (!partition.begin().equals(LocalDate.MIN)) {
      fact = fact.with("from", partition.begin());
    }
    if (until != null) {
      fact = fact.with("until", until);
    }
    return root == null ? fact : fact.with("root", root.hex());
  }

  /** In days where it has whole ones, as people set it. */
  static String shown(Duration term) {
    return term.equals(Duration.ofDays(term.toDays()))
        ? "P" + term.toDays() + "D"
        : term.toString();
  }

  private static boolean held(Connection connection) throws SQLException {
    try (PreparedStatement held = connection.prepareStatement(HELD);
        ResultSet row = held.executeQuery()) {
      row.next();
      return row.getBoolean(1);
    }
  }
}
