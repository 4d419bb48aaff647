package io.sallyport.audit;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The right to be the only one that does a job (law 9). A session advisory lock on a connection of its own chooses the
 * holder; the job's epoch, raised by each new holder and checked under lock in every transaction that gives out a
 * number, makes sure that a former holder who was only paused, or lost the lock without noticing, commits nothing.
 *
 * <p>Used by one thread. After any exception from here, call {@link #close}; the next {@link #take} starts anew.
 */
public final class JobLease implements AutoCloseable {
  private static final String LOCK =
      "select pg_try_advisory_lock(hashtextextended('sallyport.job.' || ?, 0))";
  private static final String UNLOCK =
      "select pg_advisory_unlock(hashtextextended('sallyport.job.' || ?, 0))";
  private static final String RAISE = """
      insert into job_epoch (job, epoch, holder) values (?, 1, ?)
      on conflict (job) do update set epoch = job_epoch.epoch + 1, holder = excluded.holder
      returning epoch""";
  private static final String CHECK = "select epoch, mark from job_epoch where job = ? for update";
  private static final String MARK = "update job_epoch set mark = ? where job = ?";

  private final DataSource database;
  private final String job;
  private final String holder;
  private @Nullable Connection held;
  private long epoch;

  /**
   * @param job the job's name
   * @param holder who this is, for an operator who reads {@code job_epoch}
   */
  public JobLease(DataSource database, String job, String holder) {
    this.database = database;
    this.job = job;
    this.holder = holder;
  }

  /** Whether the job is this one's to do: still, or from now on. Does not wait. */
  public boolean take() throws SQLException {
    if (held != null) {
      return true;
    }
    Connection connection = database.getConnection();
    boolean taken = false;
    try {
      taken = locked(connection);
      if (taken) {
        epoch = raised(connection);
        held = connection;
      }
      return taken;
    } finally {
      if (!taken) {
        connection.close();
      } else if (held == null) {
        discard(connection);
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
    try (PreparedStatement unlock = connection.prepareStatement(UNLOCK)) {
      connection.setAutoCommit(true);
      unlock.setString(1, job);
      unlock.execute();
      connection.close();
    } catch (SQLException e) {
      discard(connection);
    }
  }

  private boolean locked(Connection connection) throws SQLException {
    try (PreparedStatement lock = connection.prepareStatement(LOCK)) {
      lock.setString(1, job);
      try (ResultSet row = lock.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }

  private long raised(Connection connection) throws SQLException {
    try (PreparedStatement raise = connection.prepareStatement(RAISE)) {
      raise.setString(1, job);
      raise.setString(2, holder);
      try (ResultSet row = raise.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  private long checked(Connection connection) throws SQLException {
    try (PreparedStatement check = connection.prepareStatement(CHECK)) {
      check.setString(1, job);
      try (ResultSet row = check.executeQuery()) {
        if (!row.next() || row.getLong(1) != epoch) {
          throw new LostLeaseException(job);
        }
        return row.getLong(2);
      }
    }
  }

  private void advance(Connection connection, long mark) throws SQLException {
    try (PreparedStatement advance = connection.prepareStatement(MARK)) {
      advance.setLong(1, mark);
      advance.setString(2, job);
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
