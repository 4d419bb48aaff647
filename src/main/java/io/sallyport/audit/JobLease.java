package io.sallyport.audit;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The right to be the only one that does a job (law 9). Each new holder raises the job's epoch, which is checked under
 * lock in every transaction that gives out a number: a former holder commits nothing, whatever it believes.
 *
 * <p>When another may take over is a matter of speed only: at once when the holder's session has ended, because an
 * advisory lock that belongs to its epoch ends with it; and when its lease ran out, because a holder that stands still
 * keeps its session. The database ends a session that stands still inside a transaction after the same time. While a
 * node complains that the database is behind its marks, nobody takes or keeps a job.
 *
 * <p>Used by one thread. After any exception from here, call {@link #close}; the next {@link #take} starts anew.
 */
public final class JobLease implements AutoCloseable {
  /** How long a holder may stand still; a stalled sequencer stops what others confirm, so well within law 5's bound. */
  static final Duration USUAL = Duration.ofSeconds(3);

  private static final String LOCK =
      "select pg_try_advisory_lock(hashtextextended('sallyport.job.' || ? || '.' || ?, 0))";
  private static final String UNLOCK =
      "select pg_advisory_unlock(hashtextextended('sallyport.job.' || ? || '.' || ?, 0))";
  private static final String LOOK =
      "select epoch, expires_at < clock_timestamp(), exists (select from behind_marks) from job_epoch where job = ?";
  private static final String FOUND = """
      insert into job_epoch (job, epoch, holder) values (?, 0, 'nobody') on conflict (job) do nothing""";
  private static final String RAISE = """
      update job_epoch set epoch = epoch + 1, holder = ?, expires_at = clock_timestamp() + ? * interval '1 ms'
      where job = ? and epoch = ? and (? or expires_at < clock_timestamp())""";
  /** A renewal that a crash of the database loses is renewed again, so its commit need not wait for the disk. */
  private static final String RENEW = """
      update job_epoch set expires_at = clock_timestamp() + ? * interval '1 ms'
      where job = ? and epoch = ? and not exists (select from behind_marks) and set_config('synchronous_commit', 'off', true) is not null""";

  private static final String CHECK =
      "select epoch, mark, exists (select from behind_marks) from job_epoch where job = ? for update";
  private static final String MARK =
      "update job_epoch set mark = ?, expires_at = clock_timestamp() + ? * interval '1 ms' where job = ?";

  /** In one round trip, and without waiting for the disk. */
  private static final String NOTE = """
      update job_epoch set mark = greatest(mark, ?), expires_at = clock_timestamp() + ? * interval '1 ms'
      where job = ? and epoch = ? and not exists (select from behind_marks) and set_config('synchronous_commit', 'off', true) is not null""";

  private final DataSource database;
  private final String job;
  private final String holder;
  private final Duration lease;
  private @Nullable Connection held;
  private long epoch;
  private long renewed;

  /**
   * @param job the job's name
   * @param holder who this is, for an operator who reads {@code job_epoch}
   */
  public JobLease(DataSource database, String job, String holder) {
    this(database, job, holder, USUAL);
  }

  /** @param lease how long a holder may stand still, longer than its longest step */
  public JobLease(DataSource database, String job, String holder, Duration lease) {
    this.database = database;
    this.job = job;
    this.holder = holder;
    this.lease = lease;
  }

  /** Whether the job is this one's to do: still, or from now on. Waits for nobody who is alive. */
  public boolean take() throws SQLException {
    if (held != null) {
      renew(held);
      return true;
    }
    Connection connection = database.getConnection();
    boolean orderly = false;
    try {
      if (raised(connection)) {
        held = connection;
      }
      orderly = true;
      return held != null;
    } finally {
      if (!orderly) {
        discard(connection);
      } else if (held == null) {
        connection.close();
      }
    }
  }

  /** The epoch under which the job is held; another one after each take-over. */
  public long epoch() {
    return epoch;
  }

  /** The connection that holds the lock, for reading; commits by itself. */
  public Connection connection() {
    if (held == null) {
      throw new IllegalStateException("the lease on " + job + " is not held");
    }
    return held;
  }

  /**
   * Gives out numbers: {@code work} gets the highest number given out so far and answers with the new one, in one
   * transaction that commits only while the epoch is still this holder's.
   *
   * @throws LostLeaseException when somebody else has taken the job over; nothing was changed
   */
  public long write(Work work) throws SQLException {
    Connection connection = connection();
    connection.setAutoCommit(false);
    try {
      long mark = checked(connection);
      long next = work.write(connection, mark);
      if (next < mark) {
        throw new IllegalStateException(
            "the numbers of " + job + " would go back from " + mark + " to " + next);
      }
      if (next > mark) {
        advance(connection, next);
      }
      connection.commit();
      connection.setAutoCommit(true);
      return next;
    } catch (SQLException | RuntimeException e) {
      undo(connection, e);
      throw e;
    }
  }

  /**
   * Notes how far the job has come, where it does no harm to do the last of it again: a crash of the database may lose the
   * note.
   *
   * @throws LostLeaseException when somebody else has taken the job over, or the database is behind the marks of a node
   */
  public void note(long mark) throws SQLException {
    try (PreparedStatement note = connection().prepareStatement(NOTE)) {
      note.setLong(1, mark);
      note.setLong(2, lease.toMillis());
      note.setString(3, job);
      note.setLong(4, epoch);
      if (note.executeUpdate() != 1) {
        checked(connection());
        throw new LostLeaseException(job);
      }
    }
  }

  /** Gives the job up, so that another may take it at once. */
  @Override
  public void close() {
    Connection connection = held;
    held = null;
    if (connection == null) {
      return;
    }
    // The pool would keep a session, and with it the lock: unlock by hand, and throw the session
    // away if that fails.
    try (Statement reset = connection.createStatement()) {
      connection.setAutoCommit(true);
      unlock(connection, epoch);
      reset.execute("reset idle_in_transaction_session_timeout");
      connection.close();
    } catch (SQLException e) {
      discard(connection);
    }
  }

  /** Takes the job over from a holder whose session has ended or whose lease has run out. */
  private boolean raised(Connection connection) throws SQLException {
    long former = 0;
    boolean expired = true;
    try (PreparedStatement look = connection.prepareStatement(LOOK)) {
      look.setString(1, job);
      try (ResultSet row = look.executeQuery()) {
        if (row.next()) {
          former = row.getLong(1);
          expired = row.getBoolean(2);
          if (row.getBoolean(3)) {
            return false;
          }
        } else {
          found(connection);
        }
      }
    }
    boolean gone = locked(connection, former);
    boolean taken = (gone || expired) && raise(connection, former, gone);
    if (gone) {
      unlock(connection, former);
    }
    return taken;
  }

  private void found(Connection connection) throws SQLException {
    try (PreparedStatement found = connection.prepareStatement(FOUND)) {
      found.setString(1, job);
      found.executeUpdate();
    }
  }

  private boolean raise(Connection connection, long former, boolean gone) throws SQLException {
    try (Statement timeout = connection.createStatement();
        PreparedStatement raise = connection.prepareStatement(RAISE)) {
      timeout.execute("set idle_in_transaction_session_timeout = " + lease.toMillis());
      connection.setAutoCommit(false);
      raise.setString(1, holder);
      raise.setLong(2, lease.toMillis());
      raise.setString(3, job);
      raise.setLong(4, former);
      raise.setBoolean(5, gone);
      // Nobody sees the new epoch without its lock.
      boolean taken = raise.executeUpdate() == 1 && locked(connection, former + 1);
      connection.commit();
      connection.setAutoCommit(true);
      if (taken) {
        epoch = former + 1;
        renewed = System.nanoTime();
      }
      return taken;
    }
  }

  private void renew(Connection connection) throws SQLException {
    if (System.nanoTime() - renewed < lease.dividedBy(4).toNanos()) {
      return;
    }
    try (PreparedStatement renew = connection.prepareStatement(RENEW)) {
      renew.setLong(1, lease.toMillis());
      renew.setString(2, job);
      renew.setLong(3, epoch);
      if (renew.executeUpdate() != 1) {
        throw new LostLeaseException(job);
      }
    }
    renewed = System.nanoTime();
  }

  private boolean locked(Connection connection, long of) throws SQLException {
    try (PreparedStatement lock = connection.prepareStatement(LOCK)) {
      lock.setString(1, job);
      lock.setLong(2, of);
      try (ResultSet row = lock.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }

  private void unlock(Connection connection, long of) throws SQLException {
    try (PreparedStatement unlock = connection.prepareStatement(UNLOCK)) {
      unlock.setString(1, job);
      unlock.setLong(2, of);
      unlock.execute();
    }
  }

  private long checked(Connection connection) throws SQLException {
    try (PreparedStatement check = connection.prepareStatement(CHECK)) {
      check.setString(1, job);
      try (ResultSet row = check.executeQuery()) {
        if (!row.next() || row.getLong(1) != epoch) {
          throw new LostLeaseException(job);
        }
        if (row.getBoolean(3)) {
          throw new IllegalStateException("the database is behind the marks of a node");
        }
        return row.getLong(2);
      }
    }
  }

  private void advance(Connection connection, long mark) throws SQLException {
    try (PreparedStatement advance = connection.prepareStatement(MARK)) {
      advance.setLong(1, mark);
      advance.setLong(2, lease.toMillis());
      advance.setString(3, job);
      advance.executeUpdate();
    }
  }

  private static void undo(Connection connection, Exception cause) {
    try {
      connection.rollback();
      connection.setAutoCommit(true);
    } catch (SQLException e) {
      cause.addSuppressed(e);
    }
  }

  private static void discard(Connection connection) {
    try {
      connection.abort(Runnable::run);
      connection.close();
    } catch (SQLException e) {
      // The connection is gone, which is what was wanted.
    }
  }

  /** What is done in a transaction that gives out numbers. */
  public interface Work {
    /** Gets the mark and answers with the new one, the same when there was nothing to do. */
    long write(Connection transaction, long mark) throws SQLException;
  }

  /** Somebody else does the job now. */
  public static final class LostLeaseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    LostLeaseException(String job) {
      super("the lease on " + job + " was taken over");
    }
  }
}
