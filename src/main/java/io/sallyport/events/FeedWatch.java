package io.sallyport.events;

import io.sallyport.events.Changes.Change;
import io.sallyport.events.Changes.Confirmation;
import io.sallyport.marks.Marks;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * Reads the change feed for this node, in one thread on a connection of its own: as soon as the sequencer notifies, and
 * by itself often enough that a lost notification matters little. Goes on by itself after a lost database.
 *
 * <p>Law 5: an instant is confirmed when every fact that was committed before it has a number and was read. Facts commit
 * in any order, so that takes two looks: the first, begun after the instant, sees which committed facts still wait for
 * their number; a later one that sees none of these confirms the instant. A sequencer that stands still thereby confirms
 * nothing, whichever node it is on.
 */
final class FeedWatch implements AutoCloseable {
  /** Positions a read; bounds memory. */
  private static final int BATCH = 1000;

  private static final Duration LOOK_EVERY = Duration.ofMillis(200);
  private static final Duration RETRY = Duration.ofMillis(200);
  private static final Duration LONGEST_STOP = Duration.ofSeconds(2);
  private static final Logger LOG = Logger.getLogger(FeedWatch.class);

  private final DataSource database;
  private final Clock clock;
  private final RecentChanges recent;
  private final Marks marks;
  private final Thread thread;
  private volatile boolean running = true;
  private boolean begun;
  private boolean wentBack;
  private boolean failing;
  private @Nullable Candidate candidate;

  /** An instant, and the facts that had been committed by then and had no number yet. */
  private record Candidate(Instant at, Set<UUID> waiting) {}

  FeedWatch(DataSource database, Clock clock, RecentChanges recent, Marks marks) {
    this.database = database;
    this.clock = clock;
    this.recent = recent;
    this.marks = marks;
    this.thread = Thread.ofPlatform().daemon().name("sallyport-changes").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  @Override
  public void close() {
    running = false;
    LockSupport.unpark(thread);
    try {
      thread.join(LONGEST_STOP);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    while (running) {
      try {
        listen();
      } catch (SQLException | RuntimeException e) {
        if (!failing) {
          LOG.warnf("The change feed cannot be read and will be tried again: %s", e.getMessage());
          LOG.debug("Why the change feed cannot be read", e);
        }
        failing = true;
        LockSupport.parkNanos(RETRY.toNanos());
      }
    }
  }

  private void listen() throws SQLException {
    Connection connection = database.getConnection();
    boolean orderly = false;
    try {
      PGConnection notified = connection.unwrap(PGConnection.class);
      try (Statement listen = connection.createStatement()) {
        listen.execute("listen " + Sequencer.CHANNEL);
      }
      while (running) {
        look(connection);
        notified.getNotifications(Math.toIntExact(LOOK_EVERY.toMillis()));
      }
      try (Statement unlisten = connection.createStatement()) {
        unlisten.execute("unlisten *");
      }
      orderly = true;
    } finally {
      if (!orderly) {
        discard(connection);
      }
      connection.close();
    }
  }

  private void look(Connection connection) throws SQLException {
    Instant at = clock.instant();
    FactFeed.Look look = FactFeed.look(connection);
    if (!begun) {
      recent.begin(look.position());
      begun = true;
    }
    if (!wentBack && look.position() < recent.state().position()) {
      wentBack = true;
      marks.refuseUntilRestart("The database was put back to " + look.position()
          + " numbered facts while this node ran, which has read "
          + recent.state().position()
          + ". When the database has reached its marks again, start this node anew.");
    }
    read(connection, look.position());
    confirm(at, look);
    if (failing) {
      LOG.info("The change feed is read again.");
      failing = false;
    }
  }

  private void read(Connection connection, long until) throws SQLException {
    long position = recent.state().position();
    while (running && position < until) {
      List<Change> changes =
          FactFeed.after(connection, position, (int) Math.min(BATCH, until - position));
      if (changes.isEmpty()) {
        throw new IllegalStateException("the change feed ends at position " + position
            + " although " + until + " were numbered");
      }
      recent.add(changes);
      position = changes.getLast().position();
    }
  }

  private void confirm(Instant at, FactFeed.Look look) {
    if (!look.whole() || wentBack || marks.refusal() != null) {
      return;
    }
    if (look.waiting().isEmpty()) {
      recent.confirm(new Confirmation(look.position(), at));
      candidate = null;
    } else if (candidate == null) {
      candidate = new Candidate(at, look.waiting());
    } else if (Collections.disjoint(candidate.waiting, look.waiting())) {
      recent.confirm(new Confirmation(look.position(), candidate.at));
      candidate = new Candidate(at, look.waiting());
    }
  }

  /** The pool would give a session that still listens to somebody else. */
  private static void discard(Connection connection) {
    try {
      connection.abort(Runnable::run);
    } catch (SQLException e) {
      // The connection is gone, which is what was wanted.
    }
  }
}
