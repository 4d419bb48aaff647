package io.sallyport.events;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.kernel.Ids;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Two session advisory locks on a connection of their own say that this process is alive and which prefix it has; they
 * end with the session, so at once when the process is killed. When the session is lost, the locks are taken anew, the
 * prefix perhaps another one.
 */
@Singleton
final class JoinedNodes implements Nodes {
  private static final int MOST = 127;
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final Duration LONGEST_STOP = Duration.ofSeconds(2);
  private static final int ANSWERS_WITHIN_SECONDS = 5;
  private static final Logger LOG = Logger.getLogger(JoinedNodes.class);

  private static final String LIVE =
      "select pg_try_advisory_lock(hashtextextended('sallyport.life.' || ?, 0))";
  private static final String PREFIX =
      "select pg_try_advisory_lock(hashtextextended('sallyport.prefix.' || ?, 0))";
  private static final String ENTER = """
      insert into node (prefix, life, name, started_at) values (?, ?, ?, now())
      on conflict (prefix) do update set life = excluded.life, name = excluded.name, started_at = excluded.started_at""";
  /** Until the end of the caller's transaction, shared, so that two who ask do not take each other for the process. */
  private static final String ASK =
      "select not pg_try_advisory_xact_lock_shared(hashtextextended('sallyport.life.' || ?, 0))";

  private static final String OTHERS = """
      select not exists (select 1 from node where life <> ?::uuid
        and not pg_try_advisory_xact_lock_shared(hashtextextended('sallyport.life.' || life, 0)))""";

  private static final String LEAVE = "select pg_advisory_unlock_all()";

  private final DataSource database;
  private final UUID here;
  private final Thread thread;
  private @Nullable Connection session;
  private volatile int prefix;
  private volatile boolean running = true;

  JoinedNodes(DataSource database, Ids ids) {
    this.database = database;
    this.here = ids.next();
    this.thread = Thread.ofPlatform().daemon().name("sallyport-node").unstarted(this::run);
  }

  void start(@Observes @Priority(START) StartupEvent event) throws SQLException {
    join();
    thread.start();
  }

  void stop(@Observes @Priority(Integer.MAX_VALUE) ShutdownEvent event) {
    running = false;
    LockSupport.unpark(thread);
    try {
      thread.join(LONGEST_STOP);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public UUID here() {
    return here;
  }

  @Override
  public int prefix() {
    return prefix;
  }

  @Override
  public boolean isAlive(UUID life) {
    if (life.equals(here)) {
      return true;
    }
    try (Connection connection = database.getConnection()) {
      return asked(connection, ASK, life.toString());
    } catch (SQLException e) {
      throw new IllegalStateException("the database cannot be asked for a node", e);
    }
  }

  @Override
  public boolean isAlone() {
    try (Connection connection = database.getConnection()) {
      return asked(connection, OTHERS, here.toString());
    } catch (SQLException e) {
      throw new IllegalStateException("the database cannot be asked for other nodes", e);
    }
  }

  private void run() {
    boolean failing = false;
    while (running) {
      LockSupport.parkNanos(this, LOOK.toNanos());
      try {
        if (session == null) {
          join();
        } else if (!session.isValid(ANSWERS_WITHIN_SECONDS)) {
          throw new SQLException("the session has ended");
        }
        failing = false;
      } catch (SQLException | RuntimeException e) {
        if (!failing) {
          LOG.debugf("This node's session with the database is lost: %s", e.getMessage());
        }
        failing = true;
        leave(false);
      }
    }
    leave(true);
  }

  private void join() throws SQLException {
    Connection connection = database.getConnection();
    boolean joined = false;
    try {
      asked(connection, LIVE, here.toString());
      int free = prefix > 0 && asked(connection, PREFIX, Integer.toString(prefix)) ? prefix : 0;
      for (int next = 1; free == 0 && next <= MOST; next++) {
        free = asked(connection, PREFIX, Integer.toString(next)) ? next : 0;
      }
      if (free == 0) {
        throw new IllegalStateException(
            "There are " + MOST + " servers on this database already; no more are supported.");
      }
      enter(connection, free);
      prefix = free;
      session = connection;
      joined = true;
    } finally {
      if (!joined) {
        discard(connection);
      }
    }
  }

  private void enter(Connection connection, int free) throws SQLException {
    try (PreparedStatement enter = connection.prepareStatement(ENTER)) {
      enter.setInt(1, free);
      enter.setObject(2, here);
      enter.setString(3, ManagementFactory.getRuntimeMXBean().getName());
      enter.executeUpdate();
    }
  }

  private static boolean asked(Connection connection, String question, String what)
      throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(question)) {
      query.setString(1, what);
      try (ResultSet row = query.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }

  private void leave(boolean orderly) {
    Connection connection = session;
    session = null;
    if (connection == null) {
      return;
    }
    if (orderly) {
      try (PreparedStatement leave = connection.prepareStatement(LEAVE)) {
        leave.execute();
        connection.close();
        return;
      } catch (SQLException e) {
        LOG.debug("This node did not leave in order", e);
      }
    }
    discard(connection);
  }

  /** The pool would keep a session, and with it the locks. */
  private static void discard(Connection connection) {
    try {
      connection.abort(Runnable::run);
      connection.close();
    } catch (SQLException e) {
      // The connection is gone, which is what was wanted.
    }
  }
}
