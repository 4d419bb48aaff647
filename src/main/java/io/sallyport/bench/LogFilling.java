package io.sallyport.bench;

import io.sallyport.audit.AuditLog;
import io.sallyport.audit.Checkpoint;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;

/** Commits facts, many at a time, and waits until the jobs of this server have numbered and sealed them. */
@Singleton
final class LogFilling {
  /** As large as what is recorded of a device that changed its state. */
  static final int LEAF_OCTETS = 300;

  private static final int PART = 5_000;
  private static final Duration LOOK = Duration.ofMillis(5);
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final String RECORD = """
      insert into fact_waiting (id, at, kind, actor, subject_type, subject, detail, leaf)
      select gen_random_uuid(), now(), 'bench.happened', 'server', 'bench', n::text, '{}',
        convert_to(rpad(n::text, ?, 'x'), 'UTF8')
      from generate_series(1, ?) as n""";
  private static final String COMMITTED =
      "select (select count(*) from fact) + (select count(*) from fact_waiting)";

  private final DataSource database;
  private final AuditLog log;

  LogFilling(DataSource database, AuditLog log) {
    this.database = database;
    this.log = log;
  }

  /** How many a second came under a signed checkpoint, from their commit on. */
  double sealed(int facts) throws SQLException {
    record(facts);
    long target = committed();
    long start = System.nanoTime();
    long before = size();
    while (size() < target) {
      if (System.nanoTime() - start > PATIENCE.toNanos()) {
        throw new IllegalStateException("only " + size() + " of " + target + " facts are sealed");
      }
      LockSupport.parkNanos(this, LOOK.toNanos());
    }
    return (target - before) * 1e9 / (System.nanoTime() - start);
  }

  /** How many facts are under the newest checkpoint. */
  long size() {
    return log.latest().map(Checkpoint::size).orElse(0L);
  }

  /** In one commit, behind which the sequencer begins; no statement of it may take as long as a lost connection. */
  private void record(int facts) throws SQLException {
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      try (PreparedStatement record = connection.prepareStatement(RECORD)) {
        for (int left = facts; left > 0; left -= PART) {
          record.setInt(1, LEAF_OCTETS);
          record.setInt(2, Math.min(left, PART));
          record.executeUpdate();
        }
        connection.commit();
      } finally {
        connection.setAutoCommit(true);
      }
    }
  }

  private long committed() throws SQLException {
    try (Connection connection = database.getConnection();
        Statement count = connection.createStatement();
        ResultSet row = count.executeQuery(COMMITTED)) {
      row.next();
      return row.getLong(1);
    }
  }
}
