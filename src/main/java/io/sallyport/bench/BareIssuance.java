package io.sallyport.bench;

import io.sallyport.keys.Keys;
import io.sallyport.pki.Authorities;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;

/** The least that issuance costs: for each batch two durable commits of one row, and its signatures by the same key. */
@Singleton
final class BareIssuance {
  private static final int BATCH = 64;
  private static final int TBS_OCTETS = 600;

  private final DataSource database;
  private final Keys keys;
  private final Authorities authorities;

  BareIssuance(DataSource database, Keys keys, Authorities authorities) {
    this.database = database;
    this.keys = keys;
    this.authorities = authorities;
  }

  double rate(Duration time) throws Exception {
    try (Connection connection = database.getConnection();
        Statement table = connection.createStatement()) {
      table.execute("create table if not exists bench_commit (n bigint)");
    }
    UUID key = authorities.get(Authorities.DEVICES).signingKey();
    AtomicLong done = new AtomicLong();
    long start = System.nanoTime();
    long end = start + time.toNanos();
    try (ExecutorService threads = Executors.newFixedThreadPool(
        Runtime.getRuntime().availableProcessors(), Thread.ofPlatform().factory())) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
        running.add(threads.submit(() -> {
          loop(key, end, done);
          return null;
        }));
      }
      for (Future<?> thread : running) {
        thread.get();
      }
    }
    return done.get() * 1e9 / (System.nanoTime() - start);
  }

  private void loop(UUID key, long end, AtomicLong done) throws SQLException {
    byte[] tbs = new byte[TBS_OCTETS];
    try (Connection connection = database.getConnection();
        PreparedStatement insert =
            connection.prepareStatement("insert into bench_commit values (?)")) {
      while (System.nanoTime() < end) {
        insert.setLong(1, done.get());
        insert.executeUpdate();
        for (int i = 0; i < BATCH; i++) {
          keys.sign(key, tbs);
        }
        insert.executeUpdate();
        done.addAndGet(BATCH);
      }
    }
  }
}
