package io.sallyport.marks;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sallyport.audit.JobLease;
import io.sallyport.audit.LogDatabase;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A database that is behind its marks is found, blocks every node, and may serve again when it has reached them. */
class KeptMarksTest {
  private static final Instant NOW = Instant.parse("2031-05-06T07:08:09Z");

  @SuppressWarnings("NullAway.Init")
  private static LogDatabase database;

  @TempDir
  Path folder;

  private Instant now = NOW;

  @BeforeAll
  static void startDatabase(@TempDir Path programs) throws Exception {
    database = LogDatabase.start(programs);
    database.script("db/migration/V30__keys.sql");
    database.script("db/migration/V40__pki.sql");
    database.script("db/migration/V236__list_floors.sql");
    database.execute("alter table authority drop constraint authority_signing_key_fkey");
  }

  @AfterAll
  static void stopDatabase() {
    database.close();
  }

  @BeforeEach
  void atAHundred() throws SQLException {
    database.tamper(
        "truncate checkpoint, checkpoint_cosignature; truncate behind_marks, job_epoch;"
            + " delete from authority; delete from crl_floor; update database_identity set marked_at = null, losses = 0");
    seal(100);
    database.execute("insert into authority values ('devices', 'root', '" + new java.util.UUID(0, 1)
        + "', '\\x00', 20, now())");
    database.execute(
        "insert into job_epoch (job, epoch, holder) values ('seal', 5, 'x'), ('crl', 6, 'x')");
  }

  @Test
  void aNodeBeginsWithWhatTheDatabaseShowsAndGoesOnWithIt() throws SQLException {
    KeptMarks marks = open("one");
    assertNull(marks.refusal());
    seal(130);
    marks.look();
    assertNull(marks.refusal());
    assertEquals(130, mine(marks).size());
    assertEquals(
        Map.of("crl/devices", 20L, "epochs", 11L, "losses", 0L), mine(marks).numbers());
  }

  @Test
  void aShorterLogIsRefusedWithWhatToDo() throws SQLException {
    open("one");
    back(90);
    KeptMarks marks = open("one");
    String sentence = refused(marks, MarksProblem.BEHIND);
    assertTrue(sentence.contains("has 90 facts sealed, 100 were signed"), sentence);
    assertTrue(sentence.contains("admin reconcile --export FILE"), sentence);
    assertTrue(sentence.contains("reaches fact 100"), sentence);
  }

  @Test
  void aLogThatWentOnDifferentlyIsRefusedHoweverLongItIs() throws SQLException {
    open("one");
    back(90);
    seal(150);
    assertTrue(
        refused(open("one"), MarksProblem.BEHIND).contains("first 100 facts"), "other sizes");
    database.tamper("insert into checkpoint values (100, '" + hex(999) + "', '\\x00', now(), 'n')");
    assertTrue(
        refused(open("one"), MarksProblem.BEHIND).contains("first 100 facts"), "another root");
  }

  @Test
  void aLowerNumberOfListsOrOfEpochsIsRefused() throws SQLException {
    open("one");
    database.tamper("update authority set crl_number = 19");
    assertTrue(refused(open("one"), MarksProblem.BEHIND)
        .contains("lists of \"devices\" stand at number 19, but 20 was given out"));
    database.execute("update authority set crl_number = 21");
    database.execute("update job_epoch set epoch = 4 where job = 'seal'");
    assertTrue(refused(open("one"), MarksProblem.BEHIND).contains("changed hands 10 times"));
  }

  @Test
  void theNumbersOfAnAuthorityThatIsNoLongerHereAreKeptByItsFloor() throws SQLException {
    database.execute("insert into authority values ('made-later', 'root', '"
        + new java.util.UUID(0, 2) + "', '\\x00', 7, now())");
    open("one");
    database.execute("delete from authority where name = 'made-later'");
    assertTrue(refused(open("one"), MarksProblem.BEHIND).contains("lists of \"made-later\""));
    database.execute("insert into crl_floor values ('made-later', 1007)");
    assertNull(open("one").refusal());
    database.execute("insert into authority values ('made-later', 'root', '"
        + new java.util.UUID(0, 3) + "', '\\x00', 0, now())");
    database.execute("update authority set crl_number = 3 where name = 'made-later'");
    assertEquals(
        "1007", database.one("select crl_number from authority where name = 'made-later'"));
  }

  @Test
  void aVolumeThatIsGoneStopsSigningAndNothingElse() throws Exception {
    KeptMarks marks = open("one");
    Path kept = folder.resolve("one");
    Path gone = folder.resolve("gone");
    Files.move(kept, gone);
    // A file where the folder was: neither can be read nor made anew.
    Files.writeString(kept, "");
    marks.look();
    assertNull(marks.refusal());
    Refusal unsigned =
        assertThrows(Refusal.class, () -> marks.raiseLists(java.util.Map.of("devices", 21L)));
    assertEquals(MarksProblem.AWAY, unsigned.problem());
    Files.delete(kept);
    Files.move(gone, kept);
    marks.look();
    marks.raiseLists(java.util.Map.of("devices", 21L));
    assertNull(marks.refusal());
  }

  @Test
  void anotherDatabaseIsRefusedAndAnEmptyOneDoesNotEvenStart() throws SQLException {
    open("one");
    String id = database.one("select id::text from database_identity");
    try {
      database.execute("update database_identity set id = gen_random_uuid()");
      assertTrue(refused(open("one"), MarksProblem.BEHIND).contains("another database"));
      assertNull(open("other").refusal(), "one wrong folder stops no other node");
      database.tamper("truncate checkpoint, checkpoint_cosignature");
      assertThrows(Refusal.class, () -> open("one"));
    } finally {
      database.execute("update database_identity set id = '" + id + "'");
    }
  }

  @Test
  void aNodeWithMarksProtectsOneWithoutAndNobodyTakesAJob() throws SQLException {
    open("one");
    KeptMarks other = open("other");
    try (JobLease lease = new JobLease(database.dataSource(), "seal", "other")) {
      assertTrue(lease.take());
      back(90);
      Files.delete(folder.resolve("other/marks"));
      KeptMarks fresh = open("other");
      assertNull(fresh.refusal(), "it has nothing to compare with");
      KeptMarks keeper = open("one");
      refused(keeper, MarksProblem.BEHIND);
      fresh.look();
      assertTrue(refused(fresh, MarksProblem.BEHIND).startsWith("Another node found"));
      assertThrows(IllegalStateException.class, () -> lease.write((transaction, mark) -> mark + 1));
      lease.close();
      assertFalse(lease.take());
      assertEquals(other.getClass(), fresh.getClass());
      seal(100);
      keeper.look();
      assertNull(keeper.refusal(), "the newest database is back");
      fresh.look();
      assertNull(fresh.refusal());
      assertTrue(lease.take());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void marksThatWereLostAreBegunAnewOrRefusedAsSet() throws IOException {
    open("one");
    Files.delete(folder.resolve("one/marks"));
    Refusal refusal = assertThrows(Refusal.class, () -> open("one", true));
    assertTrue(refusal.detail().contains("SALLYPORT_MARKS_REQUIRED"), refusal.detail());
    assertNull(open("one").refusal());
    assertNull(open("one", true).refusal());
  }

  @Test
  void marksThatAreAlteredWhileItRunsEndTheServing() throws IOException {
    KeptMarks marks = open("one");
    Path file = folder.resolve("one/marks");
    String whole = Files.readString(file);
    Files.writeString(file, whole.replace("log 100", "log 099"));
    marks.look();
    refused(marks, MarksProblem.MARKS);
    Files.writeString(file, whole);
    marks.look();
    assertNull(marks.refusal());
  }

  @Test
  void aMarkIsDurableBeforeAnythingIsSignedAndMayBeAheadOfNothing() throws SQLException {
    KeptMarks marks = open("one");
    seal(110);
    try (Connection connection = database.dataSource().getConnection()) {
      marks.raiseLog(connection, 110, root(110));
      // What a kill between mark and signature leaves: the next life signs the same checkpoint.
      KeptMarks next = open("one");
      assertNull(next.refusal());
      assertDoesNotThrow(() -> next.raiseLog(connection, 110, root(110)));
      assertThrows(Refusal.class, () -> next.raiseLog(connection, 110, root(111)));
      back(100);
      assertThrows(Refusal.class, () -> next.raiseLog(connection, 105, root(105)));
    }
  }

  @Test
  void aListWithASmallerNumberIsNeverSigned() {
    KeptMarks marks = open("one");
    marks.raiseLists(Map.of("devices", 25L));
    Refusal refusal = assertThrows(Refusal.class, () -> marks.raiseLists(Map.of("devices", 24L)));
    assertTrue(refusal.detail().contains("25 was given out"), refusal.detail());
    assertDoesNotThrow(() -> marks.raiseLists(Map.of("devices", 25L)), "its own, after a crash");
    assertTrue(refused(open("one"), MarksProblem.BEHIND).contains("number 20, but 25"));
  }

  @Test
  void aClockThatWasSetBackSignsNothingUntilItIsRight() {
    KeptMarks marks = open("one");
    now = NOW.plusSeconds(3600);
    marks.raiseLists(Map.of("devices", 20L));
    now = NOW.plusSeconds(3600 - 59);
    marks.look();
    assertNull(marks.refusal());
    now = NOW.plusSeconds(3600 - 61);
    assertThrows(Refusal.class, () -> marks.raiseLists(Map.of("devices", 21L)));
    assertTrue(refused(marks, MarksProblem.CLOCK).contains("Set the clock right"));
    assertTrue(refused(open("one"), MarksProblem.CLOCK).contains("2031-05-06T08:08:09Z"));
    now = NOW.plusSeconds(3600);
    marks.look();
    assertNull(marks.refusal());
  }

  @Test
  void aClockThatWasWrongIsAcceptedByAnAct() {
    KeptMarks marks = open("one");
    now = NOW.plus(Duration.ofDays(300));
    marks.raiseLists(Map.of("devices", 20L));
    now = NOW;
    marks.look();
    refused(marks, MarksProblem.CLOCK);
    marks.acceptClock();
    marks.look();
    assertNull(marks.refusal());
  }

  private static Mark mine(KeptMarks marks) throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      return marks.unmet(connection).getFirst();
    }
  }

  private static String refused(KeptMarks marks, MarksProblem problem) {
    Refusal refusal = marks.refusal();
    assertNotNull(refusal);
    assertEquals(problem, Objects.requireNonNull(refusal).problem());
    return refusal.detail();
  }

  private KeptMarks open(String name) {
    return open(name, false);
  }

  private KeptMarks open(String name, boolean required) {
    Clock clock = new Clock() {
      @Override
      public Instant instant() {
        return now;
      }

      @Override
      public ZoneId getZone() {
        return ZoneId.of("UTC");
      }

      @Override
      public Clock withZone(ZoneId zone) {
        return this;
      }
    };
    MarkSettings settings = new MarkSettings() {
      @Override
      public String folder() {
        return folder.resolve(name).toString();
      }

      @Override
      public boolean required() {
        return required;
      }

      @Override
      public Duration clockTolerance() {
        return Duration.ofMinutes(1);
      }
    };
    KeptMarks marks = new KeptMarks(
        database.dataSource(),
        settings,
        new Ids(Clock.systemUTC(), new SecureRandom()),
        clock,
        new SimpleMeterRegistry());
    marks.begin();
    return marks;
  }

  private static void seal(long size) throws SQLException {
    database.tamper("insert into checkpoint values (" + size + ", '" + hex(size)
        + "', '\\x00', '2031-05-06T07:08:00Z', 'note') on conflict do nothing");
  }

  private static void back(long size) throws SQLException {
    database.tamper("delete from checkpoint");
    seal(size);
  }

  private static Digest root(long size) {
    return Digest.of(new byte[] {(byte) size, (byte) (size >> 8)});
  }

  private static String hex(long size) {
    return "\\x" + root(size).hex();
  }
}
