package io.sallyport.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.cli.LogVerdict;
import io.sallyport.cli.LogVerifier;
import io.sallyport.testing.OpenMarks;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SealerTest {
  @TempDir
  private static Path folder;

  private static LogDatabase database;
  private static SealedLog log;

  private final TestSigner signer = new TestSigner("test.example/log");
  private final Sealer sealer = new Sealer(signer, Clock.systemUTC(), new OpenMarks());

  @BeforeAll
  static void startDatabase() throws Exception {
    database = LogDatabase.start(folder);
    log = new SealedLog(database.dataSource());
  }

  @AfterAll
  static void stopDatabase() {
    database.close();
  }

  @BeforeEach
  void empty() throws SQLException {
    database.empty();
  }

  @Nested
  class Checking {
    private final CheckedLog checks = new CheckedLog(signer, database.dataSource());

    @Test
    void everySealedFactIsProvenToBeInTheTree() throws SQLException {
      record(3);
      seal();
      record(5);
      seal();
      record(1);
      for (long position = 1; position <= 8; position++) {
        LogChecks.Check check = checks.inclusion(position);
        assertTrue(check.holds(), position + ": " + check);
      }
      assertFalse(checks.inclusion(9).holds(), "it is not sealed");
      assertFalse(checks.inclusion(10).holds(), "it is not there");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "update fact set actor = 'operator:nobody' where position = 6",
          "update fact set leaf = '\\x00' where position = 6",
          "update fact set leaf = '\\x00' where position = 5",
          "delete from fact where position = 5",
          "update checkpoint set frontier = sha256('x') || sha256('y') where size = 3",
          "update checkpoint set note = replace(note, E'\\n8\\n', E'\\n9\\n') where size = 8"
        })
    void findsThatAFactOrItsNeighborsWereChanged(String change) throws SQLException {
      record(3);
      seal();
      record(5);
      seal();
      database.tamper(change);
      assertFalse(checks.inclusion(6).holds(), change);
    }

    @Test
    void goesOnFromACheckpointThatWasKept() throws SQLException {
      record(3);
      seal();
      String kept = log.latest().orElseThrow().note();
      assertTrue(checks.consistency(kept).holds());
      record(5);
      seal();
      assertTrue(checks.consistency(kept).holds());
      assertFalse(checks.consistency(kept.replace("\n3\n", "\n2\n")).holds());
      assertFalse(checks.consistency("nonsense").holds());
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "update fact set leaf = '\\x00' where position = 7",
          "update checkpoint set frontier = sha256('x') || sha256('y') where size = 3",
          "delete from checkpoint where size >= 3",
          "delete from checkpoint where size = 3"
        })
    void findsThatTheHistoryWasReplacedOrWentBack(String change) throws SQLException {
      record(3);
      seal();
      String kept = log.latest().orElseThrow().note();
      record(5);
      seal();
      database.tamper(change);
      assertFalse(checks.consistency(kept).holds(), change);
    }
  }

  @Nested
  class Sealing {
    @Test
    void theSealedLogVerifiesAndEachSealGivesOneCheckpoint() throws SQLException {
      record(3);
      seal();
      seal();
      record(5);
      seal();
      assertEquals(
          List.of(3L, 8L),
          log.checkpoints(0, 10).items().stream().map(Checkpoint::size).toList());
      assertEquals(8, log.latest().orElseThrow().size());
      LogVerdict verdict = verify();
      assertTrue(verdict.ok(), verdict.toString());
      assertEquals(8, verdict.covered());
    }

    @Test
    void aCheckpointThatACrashLeftUnsignedIsNotShownAndIsSignedLater() throws SQLException {
      record(2);
      signer.broken = true;
      assertThrows(IllegalStateException.class, () -> seal());
      assertEquals(List.of(), log.checkpoints(0, 10).items());
      assertEquals("2", database.one("select size from checkpoint where note is null"));

      signer.broken = false;
      record(1);
      seal();
      assertEquals(
          List.of(2L, 3L),
          log.checkpoints(0, 10).items().stream().map(Checkpoint::size).toList());
      assertTrue(verify().ok());
    }

    @Test
    void aFormerHolderThatWasOnlyPausedSealsAndSignsNothing() throws SQLException {
      record(2);
      try (JobLease former = lease();
          JobLease next = lease()) {
        assertTrue(former.take());
        try (var statement = former.connection().createStatement()) {
          statement.execute("select pg_advisory_unlock_all()");
        }
        assertTrue(next.take());
        assertThrows(JobLease.LostLeaseException.class, () -> sealer.run(former));
        assertEquals("0", database.one("select count(*) from checkpoint"));
        assertEquals(0, signer.signatures);
      }
    }

    @Test
    void aGapIsNotSealedOver() throws SQLException {
      record(3);
      database.tamper("delete from fact where position = 2");
      assertThrows(IllegalStateException.class, () -> seal());
      assertEquals("0", database.one("select count(*) from checkpoint"));
    }

    @Test
    void removedCheckpointsAreNotSealedAnew() throws SQLException {
      record(3);
      seal();
      record(3);
      seal();
      database.tamper("delete from checkpoint where size = 6");
      record(1);
      assertThrows(IllegalStateException.class, () -> seal());
    }

    @Test
    void anotherOriginThanTheLogBeganWithIsRefused() throws SQLException {
      record(1);
      seal();
      record(1);
      Sealer renamed =
          new Sealer(new TestSigner("renamed.example/log"), Clock.systemUTC(), new OpenMarks());
      try (JobLease lease = lease()) {
        assertTrue(lease.take());
        assertThrows(IllegalStateException.class, () -> renamed.run(lease));
      }
    }
  }

  @Nested
  class Tampering {
    @BeforeEach
    void sealTwice() throws SQLException {
      record(6);
      seal();
      record(6);
      seal();
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "update fact set kind = 'x' where position = 2",
          "update fact set position = null where position = 2",
          "update fact set position = 99 where position = 2",
          "delete from fact where position = 2",
          "truncate fact",
          "update log_leaf set position = 99 where position = 2",
          "delete from log_leaf",
          "update checkpoint set note = 'x'",
          "delete from checkpoint"
        })
    void theDatabaseItselfRefusesToChangeTheLog(String sql) {
      SQLException refused = assertThrows(SQLException.class, () -> database.execute(sql));
      assertTrue(refused.toString().contains("The log is never changed"), refused.toString());
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = ';',
        quoteCharacter = '`',
        value = {
          "update fact set at = at + interval '1 microsecond' where position = 2 ; 2 ALTERED",
          "update fact set actor = 'operator:eve' where position = 9             ; 9 ALTERED",
          "update fact set detail = '{}' where position = 9                      ; 9 ALTERED",
          "update fact set detail = detail || ' ' where position = 9             ; 9 ALTERED",
          "update fact set detail = 'null' where position = 9                    ; 9 ALTERED",
          "update fact set detail = 'not JSON' where position = 9                ; 9 ALTERED",
          "update fact set leaf = '' where position = 12                         ; 12 ALTERED",
          "update log_leaf set hash = sha256('') where position = 12             ; 12 ALTERED",
          "delete from fact where position = 1                                   ; 1 MISSING",
          "delete from fact where position = 12                                  ; 12 MISSING",
          "update fact set position = 14 - position where position in (3, 11)    ; 3 REORDERED",
          "update checkpoint set root = sha256('') where size = 6                ; 1 BAD_CHECKPOINT",
          "update checkpoint set note = replace(note, '6', '7') where size = 6   ; 1 BAD_CHECKPOINT"
        })
    void aChangeBehindTheServersBackIsFound(String sql, String finding) throws SQLException {
      // PostgreSQL checks a unique constraint row by row; the swap goes through a free number.
      if (sql.contains("14 - position")) {
        database.tamper(
            "update fact set position = 99 where position = 3;"
                + "update fact set position = 3 where position = 11; update fact set position = 11 where position = 99");
      } else {
        database.tamper(sql);
      }
      LogVerdict.Finding found = verify().finding();
      assertNotNull(found);
      assertEquals(finding, found.position() + " " + found.fault(), found.sentence());
    }

    @Test
    void aFactReplacedWithItsLeafAndHashIsFoundAgainstTheCheckpoint() throws SQLException {
      database.tamper("""
          update fact set subject = 'subject-X', leaf = convert_to(
            replace(convert_from(leaf, 'UTF8'), '"subject":"' || subject || '"', '"subject":"subject-X"'), 'UTF8')
          where position = 8;
          update log_leaf set hash = sha256('\\x00'::bytea || (select leaf from fact where position = 8))
          where position = 8""");
      LogVerdict.Finding found = verify().finding();
      assertNotNull(found);
      assertEquals("7 ROOT_MISMATCH", found.position() + " " + found.fault(), found.sentence());
    }
  }

  @Nested
  class Reading {
    @Test
    void entriesComeInPagesAndBySubjectAndKind() throws SQLException {
      record(3);
      assertEquals("2", log.entries(0, 2, null, null).next());
      assertEquals(
          List.of(3L),
          log.entries(2, 2, null, null).items().stream().map(LogEntry::position).toList());
      assertEquals(
          2, log.entries(0, 9, "subject-2", "test.happened").items().getFirst().position());
      assertEquals(List.of(), log.entries(0, 9, "subject-2", "other").items());
      assertEquals(
          "é\n", log.entries(0, 1, null, null).items().getFirst().detail().get("note"));
    }
  }

  private void record(int count) throws SQLException {
    for (int i = 1; i <= count; i++) {
      database.record("subject-" + i);
    }
    database.number();
  }

  private void seal() throws SQLException {
    try (JobLease lease = lease()) {
      assertTrue(lease.take());
      assertFalse(sealer.run(lease));
    }
  }

  private LogVerdict verify() {
    return new LogVerifier(signer.key().toString(), true, List.of())
        .verify(
            log.entries(0, 100, null, null).items().stream()
                .map(LogDatabase::shown)
                .iterator(),
            log.checkpoints(0, 100).items().stream()
                .map(c -> new LogVerifier.Checkpoint(c.size(), c.root(), c.note()))
                .iterator());
  }

  private static JobLease lease() {
    return new JobLease(database.dataSource(), Sealer.JOB, "test");
  }
}
