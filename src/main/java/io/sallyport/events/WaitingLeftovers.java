package io.sallyport.events;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;
import org.jboss.logging.Logger;

/**
 * Numbered facts leave dead rows behind, past which every look at those that wait must read; autovacuum comes once a
 * minute. This clears them away beside the sequencer, never in its way: on a connection of its own, giving way to locks,
 * and at most a twentieth of the time, also while a backup lets nothing be cleared.
 */
final class WaitingLeftovers {
  private static final Logger LOG = Logger.getLogger(WaitingLeftovers.class);
  private static final int MANY = 5_000;
  private static final int REST = 20;
  private static final Duration LEAST_REST = Duration.ofSeconds(1);
  private static final String CLEAR = "vacuum (skip_locked, truncate false) fact_waiting";

  private final DataSource database;
  private final AtomicBoolean clearing = new AtomicBoolean();
  private long left;
  private volatile long next = System.nanoTime();

  WaitingLeftovers(DataSource database) {
    this.database = database;
  }

  /** For the sequencer's thread: so many more were numbered. */
  void left(long numbered) {
    left += numbered;
    if (left >= MANY && System.nanoTime() - next >= 0 && clearing.compareAndSet(false, true)) {
      left = 0;
      Thread.ofVirtual().name("clear-numbered").start(this::clear);
    }
  }

  private void clear() {
    long start = System.nanoTime();
    try (Connection connection = database.getConnection();
        Statement vacuum = connection.createStatement()) {
      vacuum.execute(CLEAR);
    } catch (SQLException | RuntimeException e) {
      LOG.debug("Numbered facts could not be cleared away; autovacuum will", e);
    } finally {
      long end = System.nanoTime();
      next = end + Math.max(LEAST_REST.toNanos(), REST * (end - start));
      clearing.set(false);
    }
  }
}
