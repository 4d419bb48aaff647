package io.sallyport.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import org.junit.jupiter.params.provider.ValueSource;

/** Facts in partitions: how they come there, and that nobody takes them out. */
class FactPartitionsTest {
  private static final TestSigner SIGNER = new TestSigner("test.example/log");

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

  private static void seal(LogDatabase log) throws SQLException {
    Sealer sealer = new Sealer(SIGNER, Clock.systemUTC(), new OpenMarks());
    try (JobLease lease = new JobLease(log.dataSource(), Sealer.JOB, "test")) {
      assertTrue(lease.take());
      while (sealer.run(lease)) {
        assertTrue(lease.take());
      }
    }
  }

  @Test
  void aNumberedFactStandsInThePartitionOfToday() throws SQLException {
    database.record("a");
    database.record("b");
    database.number();
    assertEquals(
        "2",
        database.one(
            "select count(*) from fact where period = date_trunc('month', now() at time zone 'UTC')"));
    assertEquals(
        List.of("1"),
        database.column(
            "select first_position from time_partition where first_position is not null"));
  }

  /** What was numbered once belongs to a later partition stays there: a partition is a stretch without a gap. */
  @Test
  void aClockThatGoesBackDoesNotBringBackAnOlderPartition() throws SQLException {
    database.tamper("""
        update time_partition set first_position = 1
        where starts = (select max(starts) from time_partition where parent = 'fact')""");
    database.record("a");
    database.number();
    assertEquals(
        database.one("select max(starts) from time_partition where parent = 'fact'"),
        database.one("select period from fact"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "delete from fact where position = 1",
        "update fact set kind = 'x'",
        "update fact set period = '1999-01-01'",
        "truncate fact",
        "delete from %s",
        "update %s set at = now()",
        "truncate %s",
        "delete from fact_waiting",
        "update fact_waiting set kind = 'x'",
        "truncate fact_waiting",
        """
        with gone as (delete from fact_waiting returning *)
        insert into fact select id, at, 'other', actor, subject_type, subject, detail, leaf, 2, open_partition('fact')
        from gone"""
      })
  void theDatabaseItselfRefusesToChangeFacts(String slip) throws SQLException {
    database.record("a");
    database.number();
    database.record("waits");
    String sql = slip.formatted(
        database.one("select name from time_partition where first_position is not null"));
    SQLException refused = assertThrows(SQLException.class, () -> database.execute(sql));
    assertTrue(refused.toString().contains("The log is never changed"), refused.toString());
    assertEquals(
        "1 1",
        database.one(
            "select (select count(*) from fact) || ' ' || (select count(*) from fact_waiting)"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "delete from time_partition",
        "truncate time_partition",
        "update time_partition set ends = 'infinity'",
        "update time_partition set detached_at = now()",
        "update time_partition set dropped_at = now()",
        "update time_partition set first_position = 7 where first_position is not null"
      })
  void theDatabaseItselfRefusesToChangeWhatIsKnownOfPartitions(String slip) throws SQLException {
    database.record("a");
    database.number();
    SQLException refused = assertThrows(SQLException.class, () -> database.execute(slip));
    assertTrue(refused.toString().contains("never changed"), refused.toString());
  }

  @Nested
  class AnOlderLog {
    @TempDir
    private Path folder;

    @Test
    void becomesTheFirstPartitionAsItStands() throws Exception {
      try (LogDatabase older = LogDatabase.before(folder, "db/migration/V231__facts_in_time.sql")) {
        older.execute("""
            insert into fact (id, at, kind, actor, subject_type, subject, detail, leaf, position)
            select gen_random_uuid(), now(), 'test.happened', 'server', 'test', 's' || n, '{}',
              convert_to('leaf ' || n, 'UTF8'), nullif(n, 601)
            from generate_series(1, 601) as n""");
        older.script("db/migration/V231__facts_in_time.sql");
        assertEquals("600", older.one("select count(*) from fact_first"));
        assertEquals("s601", older.one("select subject from fact_waiting"));
        seal(older);
        older.number();
        older.record("next");
        older.number();
        seal(older);
        assertEquals("602", older.one("select max(size) from checkpoint"));
        assertEquals(
            List.of("600", "601", "602"),
            older.column(
                "select position from fact where period >= fact_period(599) and position > 599 order by 1"));
        SealedLog log = new SealedLog(older.dataSource());
        assertEquals(
            "next", log.newest(Long.MAX_VALUE, 1, null, null).items().getFirst().subject());
        assertEquals(1, log.entries(0, 1, null, null).items().getFirst().position());
        assertEquals("s600", log.entry(600).orElseThrow().subject());
        for (String slip : List.of("truncate fact_first", "delete from fact_first")) {
          assertThrows(SQLException.class, () -> older.execute(slip), slip);
        }
      }
    }
  }
}
