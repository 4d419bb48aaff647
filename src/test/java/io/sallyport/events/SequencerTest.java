package io.sallyport.events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.audit.JobLease;
import io.sallyport.audit.LogDatabase;
import io.sallyport.audit.SingleWriterJob;
import io.sallyport.testing.Eventually;
import io.sallyport.testing.OpenMarks;
import io.sallyport.testing.Patience;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Phaser;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SequencerTest {
  private static final String POSITIONS = "select position from fact order by position";
  private static final String UNNUMBERED = "select count(*) from fact_waiting";
  private static final String TERMINATE = """
      select count(pg_terminate_backend(pid)) from pg_locks where locktype = 'advisory' and granted""";

  private static final Duration SHORT = Duration.ofMillis(400);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  @TempDir
  private static Path folder;

  private static LogDatabase database;

  @BeforeAll
  static void startDatabase() throws Exception {
    database = LogDatabase.start(folder);
  }

  @AfterAll
  static void stopDatabase() {
    database.close();
  }

  @BeforeEach
  void empty() throws SQLException {
    database.empty();
  }

  @Test
  void factsThatCommitInParallelAndOutOfOrderAreNumberedWithoutGapAndNoneIsMissed()
      throws Exception {
    Set<String> committed = new TreeSet<>();
    try (SingleWriterJob job = job();
        Connection late = database.dataSource().getConnection()) {
      job.start();
      late.setAutoCommit(false);
      UUID first = database.record(late, "late");
      for (Future<Set<String>> worker : inParallel(job)) {
        committed.addAll(worker.get());
      }
      database.await(UNNUMBERED, "0");
      assertGapless(committed.size());

      late.commit();
      job.wake();
      committed.add(first.toString());
      database.await(UNNUMBERED, "0");
      assertEquals(
          Long.toString(committed.size()),
          database.one("select position from fact where subject = 'late'"));
    }
    assertGapless(committed.size());
    assertEquals(committed, new TreeSet<>(database.column("select id from fact")));
  }

  @Test
  void theFeedGivesNumberedFactsOnlyInOrderAndFromAnyPosition() throws SQLException {
    List<UUID> ids = new ArrayList<>();
    try (JobLease lease = lease()) {
      for (int i = 1; i <= 5; i++) {
        ids.add(database.record("subject-" + i));
      }
      assertTrue(lease.take());
      new Sequencer(new OpenMarks(), new WaitingLeftovers(database.dataSource())).run(lease);
      database.record("not yet numbered");
    }
    FactFeed changes = new FactFeed(database.dataSource());
    assertEquals(5, changes.position());
    assertEquals(
        List.of(
            new Changes.Change(3, ids.get(2), "test.happened", "test", "subject-3"),
            new Changes.Change(4, ids.get(3), "test.happened", "test", "subject-4")),
        changes.after(2, 2));
    assertEquals(List.of(), changes.after(5, 10));
  }

  @Test
  void onlyOneHoldsTheJobAndTheNextTakesItWhenItIsGivenUp() throws SQLException {
    try (JobLease one = lease();
        JobLease other = lease()) {
      assertTrue(one.take());
      assertFalse(other.take());
      one.close();
      assertTrue(other.take());
      assertFalse(one.take());
      assertEquals("2", database.one("select epoch from job_epoch"));
    }
  }

  @Test
  void aFormerHolderThatWasOnlyPausedNumbersNothing() throws SQLException {
    try (JobLease former = lease();
        JobLease next = lease()) {
      assertTrue(former.take());
      loseLock(former);
      assertTrue(next.take());
      database.record("after the take-over");

      assertThrows(
          JobLease.LostLeaseException.class,
          () -> new Sequencer(new OpenMarks(), new WaitingLeftovers(database.dataSource()))
              .run(former));
      assertEquals("1", database.one(UNNUMBERED));

      new Sequencer(new OpenMarks(), new WaitingLeftovers(database.dataSource())).run(next);
      assertEquals(List.of("1"), database.column(POSITIONS));
    }
  }

  @Test
  void aHolderThatIsPausedInsideItsTransactionHoldsTheNextBackUntilItsNumbersAreCommitted()
      throws Exception {
    try (JobLease former = lease();
        JobLease next = lease();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      assertTrue(former.take());
      loseLock(former);
      database.record("numbered by the former");
      List<Future<Boolean>> takeOver = new ArrayList<>();
      former.write((transaction, mark) -> {
        takeOver.add(threads.submit(next::take));
        database.await("select count(*) from pg_locks where not granted", "1");
        try (var statement = transaction.createStatement()) {
          statement.execute("select number_facts(0, 1)");
          return mark + 1;
        }
      });
      assertTrue(takeOver.getFirst().get());
      database.record("numbered by the next");
      new Sequencer(new OpenMarks(), new WaitingLeftovers(database.dataSource())).run(next);
      assertGapless(2);
      assertThrows(
          JobLease.LostLeaseException.class, () -> former.write((transaction, mark) -> mark + 1));
    }
  }

  @Test
  void aHolderThatStandsStillIsReplacedWhenItsLeaseHasRunOutAndCommitsNothing() throws Exception {
    try (JobLease former = lease(SHORT);
        JobLease next = lease(SHORT)) {
      assertTrue(former.take());
      assertFalse(next.take());
      Eventually.holds(PATIENCE, "the next has the job", () -> taken(next));
      database.record("after the take-over");

      assertThrows(
          JobLease.LostLeaseException.class,
          () -> new Sequencer(new OpenMarks(), new WaitingLeftovers(database.dataSource()))
              .run(former));
      assertEquals("1", database.one(UNNUMBERED));
      former.close();
      assertFalse(former.take(), "the next is alive");

      new Sequencer(new OpenMarks(), new WaitingLeftovers(database.dataSource())).run(next);
      assertEquals(List.of("1"), database.column(POSITIONS));
    }
  }

  @Test
  void aHolderIsNotReplacedWhileItGoesOn() throws Exception {
    try (JobLease holder = lease(SHORT);
        JobLease next = lease(SHORT)) {
      assertTrue(holder.take());
      long end = System.nanoTime() + SHORT.multipliedBy(4).toNanos();
      while (System.nanoTime() < end) {
        assertTrue(holder.take());
        assertFalse(next.take());
      }
      assertEquals("1", database.one("select epoch from job_epoch"));
    }
  }

  @Test
  void aHolderThatStandsStillInsideItsTransactionIsReplacedAndItsNumbersAreNotCommitted()
      throws Exception {
    try (JobLease former = lease(SHORT);
        JobLease next = lease(SHORT)) {
      assertTrue(former.take());
      database.record("numbered by the next");
      assertThrows(
          SQLException.class,
          () -> former.write((transaction, mark) -> {
            try (var statement = transaction.createStatement()) {
              statement.execute("select number_facts(0, 1)");
            }
            Eventually.holds(PATIENCE, "the next has the job", () -> taken(next));
            return mark + 1;
          }));
      assertEquals("1", database.one(UNNUMBERED));
      new Sequencer(new OpenMarks(), new WaitingLeftovers(database.dataSource())).run(next);
      assertGapless(1);
    }
  }

  @Test
  void aNumberThatWouldGoBackIsRefused() throws SQLException {
    try (JobLease lease = lease()) {
      assertTrue(lease.take());
      assertEquals(7, lease.write((transaction, mark) -> mark + 7));
      assertThrows(IllegalStateException.class, () -> lease.write((transaction, mark) -> mark - 1));
      assertEquals("7", database.one("select mark from job_epoch"));
    }
  }

  @Test
  void aLostDatabaseConnectionIsSurvived() throws Exception {
    try (SingleWriterJob job = job()) {
      job.start();
      database.record("before");
      database.await(UNNUMBERED, "0");
      for (int i = 0; i < 3; i++) {
        assertEquals("1", database.one(TERMINATE));
        database.record("after " + i);
        job.wake();
        database.await(UNNUMBERED, "0");
      }
    }
    assertGapless(4);
    assertEquals("4", database.one("select epoch from job_epoch"));
  }

  @Test
  void twoNodesNumberTogetherWhileTheHolderKeepsLosingItsConnection() throws Exception {
    AtomicBoolean over = new AtomicBoolean();
    int committed = 0;
    try (SingleWriterJob one = job();
        SingleWriterJob other = job();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      one.start();
      other.start();
      Future<?> trouble = threads.submit(() -> {
        while (!over.get()) {
          database.one(TERMINATE);
          database.one("select pg_sleep(0.05)");
        }
        return null;
      });
      for (Future<Set<String>> worker : inParallel(one)) {
        committed += worker.get().size();
      }
      over.set(true);
      trouble.get();
      database.await(UNNUMBERED, "0");
    }
    assertGapless(committed);
  }

  /** Eight writers; each commits two transactions in the reverse of the order of their facts, and rolls one back. */
  private static List<Future<Set<String>>> inParallel(SingleWriterJob job)
      throws InterruptedException {
    int writers = 8;
    Phaser together = new Phaser(writers);
    try (ExecutorService threads = Executors.newFixedThreadPool(writers)) {
      List<Future<Set<String>>> done = new ArrayList<>();
      for (int writer = 0; writer < writers; writer++) {
        done.add(threads.submit(() -> {
          Set<String> committed = new TreeSet<>();
          for (int round = 0; round < 25; round++) {
            together.arriveAndAwaitAdvance();
            committed.addAll(reversed(job));
          }
          return committed;
        }));
      }
      return done;
    }
  }

  private static Set<String> reversed(SingleWriterJob job) throws SQLException {
    Set<String> committed = new TreeSet<>();
    try (Connection first = database.dataSource().getConnection();
        Connection second = database.dataSource().getConnection();
        Connection third = database.dataSource().getConnection()) {
      for (Connection connection : List.of(first, second, third)) {
        connection.setAutoCommit(false);
      }
      UUID early = database.record(first, "early");
      database.record(second, "rolled back");
      committed.add(database.record(third, "later").toString());
      committed.add(database.record(third, "later still").toString());
      third.commit();
      job.wake();
      second.rollback();
      first.commit();
      job.wake();
      committed.add(early.toString());
    }
    return committed;
  }

  private static void assertGapless(int count) throws SQLException {
    assertEquals(
        LongStream.rangeClosed(1, count).mapToObj(Long::toString).toList(),
        database.column(POSITIONS));
  }

  /** As after a failover of the database: the session believes that it has the lock, the server does not know of it. */
  private static void loseLock(JobLease lease) throws SQLException {
    try (var statement = lease.connection().createStatement()) {
      statement.execute("select pg_advisory_unlock_all()");
    }
  }

  private static boolean taken(JobLease lease) {
    try {
      return lease.take();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static JobLease lease() {
    return new JobLease(database.dataSource(), Sequencer.JOB, "test");
  }

  private static JobLease lease(Duration lease) {
    return new JobLease(database.dataSource(), Sequencer.JOB, "test", lease);
  }

  private static SingleWriterJob job() {
    return new SingleWriterJob(
        Sequencer.JOB,
        database.dataSource(),
        Duration.ofMillis(40),
        new Sequencer(new OpenMarks(), new WaitingLeftovers(database.dataSource())));
  }

  @Test
  void whatNumberedFactsLeaveIsClearedAway() throws Exception {
    long before = vacuums();
    new WaitingLeftovers(database.dataSource()).left(1_000_000);
    Patience.untilTrue("numbered facts are cleared away", () -> vacuums() > before);
  }

  private static long vacuums() {
    try (Connection connection = database.dataSource().getConnection();
        Statement query = connection.createStatement();
        ResultSet row = query.executeQuery(
            "select vacuum_count from pg_stat_user_tables where relname = 'fact_waiting'")) {
      row.next();
      return row.getLong(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
