package io.sallyport.events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.audit.JobLease;
import io.sallyport.audit.LogDatabase;
import io.sallyport.events.Changes.Change;
import io.sallyport.events.Changes.Confirmation;
import io.sallyport.events.Changes.Follower;
import io.sallyport.events.Changes.Following;
import io.sallyport.testing.Eventually;
import io.sallyport.testing.OpenMarks;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Law 5 on a node that only hears of what others commit, and how those who follow get it. */
class FeedWatchTest {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  /** Several looks of the watch. */
  private static final Duration A_WHILE = Duration.ofMillis(900);

  private static final String TERMINATE = """
      select count(pg_terminate_backend(pid)) from pg_stat_activity where pid <> pg_backend_pid()""";

  @TempDir
  private static Path folder;

  private static LogDatabase database;

  private final Clock clock = Clock.systemUTC();
  private JobLease sequencer;
  private Sequencing node;

  /** Keeps what it is given. */
  private static class Collecting implements Follower {
    final List<Change> given = new CopyOnWriteArrayList<>();
    volatile @Nullable Instant confirmed;

    @Override
    public void changed(List<Change> changes) {
      given.addAll(changes);
    }

    @Override
    public void confirmed(Instant instant) {
      confirmed = instant;
    }

    List<String> subjects() {
      return given.stream().map(Change::subject).toList();
    }

    boolean confirmedAfter(Instant instant) {
      return confirmed != null && confirmed.isAfter(instant);
    }
  }

  @BeforeAll
  static void startDatabase() throws Exception {
    database = LogDatabase.start(folder);
  }

  @AfterAll
  static void stopDatabase() {
    database.close();
  }

  @BeforeEach
  void watch() throws SQLException {
    database.empty();
    sequencer = new JobLease(database.dataSource(), Sequencer.JOB, "test");
    // The sequencer is another node's, and it works when the test says so.
    assertTrue(sequencer.take());
    node = new Sequencing(database.dataSource(), clock, new OpenMarks());
    node.watch();
  }

  @AfterEach
  void stop() {
    node.close();
    sequencer.close();
  }

  @Test
  void whatAnotherNodeNumbersIsHeardAtOnce() throws SQLException {
    Collecting follower = new Collecting();
    try (Following following = node.follow("test", 0, follower)) {
      int slow = 0;
      for (int i = 0; i < 10; i++) {
        String subject = "subject-" + i;
        database.record(subject);
        sequence();
        long numbered = System.nanoTime();
        Eventually.holds(PATIENCE, "it came", () -> follower.subjects().contains(subject));
        slow += System.nanoTime() - numbered > 190_000_000 ? 1 : 0;
      }
      // By polling alone each would take a tenth of a second on average and often more.
      assertTrue(slow <= 2, slow + " of 10 took as long as a look takes without a notification");
    }
  }

  @Test
  void aTransactionThatCommitsLateIsGivenThoughFactsWithHigherIdsWereGivenBefore()
      throws SQLException {
    Collecting follower = new Collecting();
    try (Following following = node.follow("test", 0, follower);
        Connection late = database.dataSource().getConnection()) {
      late.setAutoCommit(false);
      database.record(late, "late");
      for (int i = 0; i < 5; i++) {
        database.record("early-" + i);
        sequence();
      }
      Eventually.holds(PATIENCE, "five came", () -> follower.given.size() == 5);
      Instant before = clock.instant();
      Eventually.holds(
          PATIENCE, "what is not committed holds up nobody", () -> follower.confirmedAfter(before));

      late.commit();
      sequence();
      Eventually.holds(PATIENCE, "the late one", () -> follower.subjects().contains("late"));
      assertEquals(
          LongStream.rangeClosed(1, 6).boxed().toList(),
          follower.given.stream().map(Change::position).toList());
    }
  }

  @Test
  void aSequencerThatStandsStillConfirmsNothingAfterTheFirstFactThatItDidNotNumber()
      throws SQLException {
    Collecting follower = new Collecting();
    try (Following following = node.follow("test", 0, follower)) {
      Instant begun = clock.instant();
      Eventually.holds(PATIENCE, "confirmed", () -> follower.confirmedAfter(begun));

      database.record("never numbered");
      Instant committed = clock.instant();
      long end = System.nanoTime() + A_WHILE.toNanos();
      while (System.nanoTime() < end) {
        LockSupport.parkNanos(20_000_000);
        assertFalse(follower.confirmedAfter(committed), "confirmed beyond an unnumbered fact");
      }
      Confirmation confirmed = node.confirmed();
      assertNotNull(confirmed);
      assertFalse(confirmed.at().isAfter(committed));

      sequence();
      Eventually.holds(PATIENCE, "confirmed again", () -> follower.confirmedAfter(committed));
      assertEquals(List.of("never numbered"), follower.subjects());
    }
  }

  @Test
  void goesOnConfirmingWhileThereIsAlwaysSomeFactWithoutANumber() throws SQLException {
    Collecting follower = new Collecting();
    try (Following following = node.follow("test", 0, follower)) {
      Instant begun = clock.instant();
      long end = System.nanoTime() + A_WHILE.toNanos();
      int facts = 0;
      // The sequencer numbers what it finds, and before it is done the next fact is committed.
      database.record("subject-" + facts++);
      while (System.nanoTime() < end) {
        long mark = Long.parseLong(database.one("select mark from job_epoch"));
        sequencer.write((transaction, known) -> {
          try (var number = transaction.createStatement()) {
            number.execute("select number_facts(" + mark + ", 1)");
          }
          database.record("subject-" + mark);
          return mark + 1;
        });
      }
      assertTrue(follower.confirmedAfter(begun), "nothing was confirmed under load");
    }
  }

  @Test
  void aFollowerThatFailsGetsTheSameAgainAndHoldsUpNobodyElse() throws SQLException {
    AtomicInteger calls = new AtomicInteger();
    Collecting broken = new Collecting() {
      @Override
      public void changed(List<Change> changes) {
        if (calls.incrementAndGet() <= 3) {
          throw new IllegalStateException("not yet");
        }
        super.changed(changes);
      }
    };
    Collecting sound = new Collecting();
    Instant begun = clock.instant();
    try (Following one = node.follow("broken", 0, broken);
        Following other = node.follow("sound", 0, sound)) {
      database.record("first");
      sequence();
      Eventually.holds(PATIENCE, "sound", () -> sound.given.size() == 1);
      Eventually.holds(PATIENCE, "given again", () -> broken.given.size() == 1);
      Eventually.holds(PATIENCE, "confirmed", () -> broken.confirmedAfter(begun));
    }
    assertEquals(4, calls.get());
  }

  @Test
  void followsFromAnyPositionAlsoFromBeforeThisNodeBegan() throws SQLException {
    for (int i = 1; i <= 5; i++) {
      database.record("subject-" + i);
      sequence();
    }
    node.close();
    node = new Sequencing(database.dataSource(), clock, new OpenMarks());
    node.watch();
    Collecting follower = new Collecting();
    try (Following following = node.follow("test", 2, follower)) {
      Eventually.holds(PATIENCE, "three came", () -> follower.given.size() == 3);
      database.record("subject-6");
      sequence();
      Eventually.holds(PATIENCE, "four came", () -> follower.given.size() == 4);
    }
    assertEquals(List.of("subject-3", "subject-4", "subject-5", "subject-6"), follower.subjects());
    assertEquals("subject-2", node.after(1, 1).getFirst().subject());
    assertEquals(List.of(), node.after(6, 10));
  }

  @Test
  void aLostConnectionIsReplacedAndNothingIsMissed() throws SQLException {
    Collecting follower = new Collecting();
    try (Following following = node.follow("test", 0, follower)) {
      for (int i = 0; i < 3; i++) {
        Instant before = clock.instant();
        Eventually.holds(PATIENCE, "current", () -> follower.confirmedAfter(before));
        database.one(TERMINATE);
        sequencer.close();
        assertTrue(sequencer.take());
        database.record("subject-" + i);
        sequence();
      }
      Eventually.holds(PATIENCE, "three came", () -> follower.given.size() == 3);
    }
  }

  @Test
  void followingOnceGivesEachChangeToOneNodeAndGoesOnWhereTheLastOneStopped() throws SQLException {
    Collecting first = new Collecting();
    Collecting second = new Collecting();
    database.record("before anybody followed");
    sequence();
    Sequencing other = new Sequencing(database.dataSource(), clock, new OpenMarks());
    other.watch();
    try (Following one = node.followOnce("delivery", first)) {
      Eventually.holds(PATIENCE, "one has the job", () -> first.confirmed != null);
      try (Following two = other.followOnce("delivery", second)) {
        database.record("a");
        sequence();
        Eventually.holds(PATIENCE, "a", () -> first.subjects().equals(List.of("a")));
        one.close();
        database.record("b");
        sequence();
        Eventually.holds(PATIENCE, "b", () -> second.subjects().equals(List.of("b")));
      }
    } finally {
      other.close();
    }
    database.record("c");
    sequence();
    try (Following again = node.followOnce("delivery", first)) {
      Eventually.holds(PATIENCE, "c", () -> first.subjects().equals(List.of("a", "c")));
    }
    assertEquals(List.of("b"), second.subjects());
  }

  private void sequence() throws SQLException {
    assertTrue(sequencer.take());
    while (new Sequencer(new OpenMarks(), new WaitingLeftovers(database.dataSource()))
        .run(sequencer)) {}
  }
}
