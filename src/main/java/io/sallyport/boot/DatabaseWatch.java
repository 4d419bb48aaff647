package io.sallyport.boot;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;

/**
 * Asks the database every second in a thread of its own, so that whoever asks for the server's health is answered at
 * once, also by a database that neither answers nor closes its connections.
 */
@Singleton
final class DatabaseWatch {
  /** After the first start and everything that follows the log, before the fronts open. */
  private static final int AFTER_PREPARATION = 8000;

  private static final long ASK_EVERY_MILLIS = 1000;
  /** Three questions missed. */
  private static final long AWAY_AFTER_NANOS = TimeUnit.SECONDS.toNanos(3);
  /** Of every so many questions one looks at the state too. */
  private static final int LOOK_EVERY = 5;

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
      Thread.ofPlatform().daemon().name("database-watch").factory());
  private final DataSource database;
  private final StateMeters state;
  private volatile long answered = System.nanoTime();
  private volatile boolean reached;
  private int questions;

  DatabaseWatch(DataSource database, StateMeters state, MeterRegistry meters) {
    this.database = database;
    this.state = state;
    Gauge.builder("sallyport.database.up", this, watch -> watch.isUp() ? 1 : 0)
        .description("Whether the database answers")
        .register(meters);
  }

  void start(@Observes @Priority(AFTER_PREPARATION) StartupEvent event) {
    ask();
    timer.scheduleWithFixedDelay(
        this::ask, ASK_EVERY_MILLIS, ASK_EVERY_MILLIS, TimeUnit.MILLISECONDS);
  }

  void stop(@Observes ShutdownEvent event) {
    timer.shutdownNow();
  }

  /** Whether the database answered lately. Never waits. */
  boolean isUp() {
    return reached && System.nanoTime() - answered < AWAY_AFTER_NANOS;
  }

  private void ask() {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("select 1");
      if (questions++ % LOOK_EVERY == 0) {
        state.look();
      }
      answered = System.nanoTime();
      reached = true;
    } catch (SQLException | RuntimeException away) {
      // What works with the database tells it in the log; here it is only noted.
      reached = false;
    }
  }
}
