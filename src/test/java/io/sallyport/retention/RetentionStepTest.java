package io.sallyport.retention;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.audit.AuditProblem;
import io.sallyport.audit.JobFacts;
import io.sallyport.audit.JobLease;
import io.sallyport.audit.LogChecks;
import io.sallyport.audit.LogCoverage;
import io.sallyport.audit.LogDatabase;
import io.sallyport.audit.LogTree;
import io.sallyport.cli.LogVerdict;
import io.sallyport.decision.DrivenClock;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.MerkleProof;
import io.sallyport.kernel.MerkleTile;
import io.sallyport.kernel.Refusal;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Of a log whose first three facts are from January and the next four from February of 2012. */
class RetentionStepTest {
  private static final String KEPT =
      "select count(*) from time_partition where parent = 'fact' and detached_at is null and starts < '2013-01-01'";
  private static final String TABLES =
      "select count(*) from pg_class where relname like 'fact_2012%' and relkind = 'r'";

  @TempDir
  private static Path folder;

  private static LogDatabase database;

  private final DrivenClock clock = new DrivenClock(Instant.parse("2040-06-15T12:00:00Z"));
  private final List<RecordKind> dropped = new ArrayList<>();
  private final Terms terms = new Terms();

  /** Ten years, and what a test says. */
  private static final class Terms implements RetentionSettings {
    private boolean hold;
    private Duration facts = Duration.ofDays(3653);
    private Duration certificates = Duration.ofDays(3653);

    @Override
    public boolean hold() {
      return hold;
    }

    @Override
    public Duration facts() {
      return facts;
    }

    @Override
    public Duration decisions() {
      return Duration.ofDays(400);
    }

    @Override
    public Duration certificates() {
      return certificates;
    }

    @Override
    public String partition() {
      return "month";
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
  void anOldLog() throws Exception {
    database.renew();
    for (int day = 10; day < 13; day++) {
      database.recordOld(Instant.parse("2012-01-" + day + "T00:00:00Z"), "january-" + day);
    }
    for (int day = 10; day < 14; day++) {
      database.recordOld(Instant.parse("2012-02-" + day + "T00:00:00Z"), "february-" + day);
    }
    database.record("today");
    database.seal();
    database.deliver();
  }

  private RetentionStep step() {
    return new RetentionStep(
        terms,
        new JobFacts(clock, new Ids(clock, new SecureRandom())),
        clock,
        Duration.ZERO,
        dropped::add);
  }

  /** Until there is nothing more to do. */
  private void run() throws SQLException {
    RetentionStep step = step();
    try (JobLease lease = lease()) {
      assertTrue(lease.take());
      for (int acts = 0; step.run(lease); acts++) {
        assertTrue(acts < 50, "it does not come to an end");
      }
    }
  }

  private JobLease lease() {
    return new JobLease(database.dataSource(), Retaining.JOB, "test");
  }

  /** A day and some, in steps that a clock makes; all that is told on the way is sealed and delivered. */
  private void aDayLater() throws SQLException {
    clock.advance(Duration.ofHours(13));
    run();
    database.seal();
    database.deliver();
    clock.advance(Duration.ofHours(13));
    run();
    database.seal();
    database.deliver();
  }

  private String kinds() throws SQLException {
    return String.join(
        " ",
        database.column(
            "select kind || ':' || subject from fact where subject_type = 'retention' order by position"));
  }

  @Test
  void whatHasEndedIsToldADayBeforeAndGoesWholeAndOneAfterTheOther() throws SQLException {
    run();
    assertEquals("", kinds(), "the clock is not believed yet");
    aDayLater();
    assertEquals("retention.announced:fact_2012_01_01", kinds());
    assertEquals(
        "3",
        database.one("select detail::json->>'until' from fact where kind = 'retention.announced'"));
    assertEquals("2", database.one(KEPT));

    aDayLater();
    assertEquals(
        "retention.announced:fact_2012_01_01 retention.dropped:fact_2012_01_01"
            + " retention.announced:fact_2012_02_01",
        kinds());
    assertEquals("4", database.one("select min(position) from fact"));
    assertEquals("1", database.one(TABLES));
    assertEquals(List.of(RecordKind.FACTS), dropped);

    aDayLater();
    aDayLater();
    assertEquals("8", database.one("select min(position) from fact"), "today's stays");
    assertEquals("0", database.one(TABLES));
    assertEquals(List.of(RecordKind.FACTS, RecordKind.FACTS), dropped);
  }

  @Test
  void proofsHoldForWhatIsGoneAndACheckSaysWhatIsGone() throws SQLException {
    String before = database.tree().checkpoint().orElseThrow();
    goneIsJanuary();
    LogTree tree = database.tree();
    for (long position = 1; position <= 8; position++) {
      LogTree.Inclusion proof = tree.inclusion(position, null);
      assertTrue(MerkleProof.includes(
          proof.leaf(), proof.index(), proof.size(), proof.path(), proof.root()));
      LogChecks.Check check = database.checks().inclusion(position);
      assertTrue(check.holds(), position + ": " + check);
    }
    assertTrue(database.checks().consistency(before).holds());
    assertTrue(
        database.checks().inclusion(2).steps().getFirst().sentence().contains("dropped on 2040-"),
        "the check does not say why");
    Refusal refused = assertThrows(Refusal.class, () -> tree.entries(new MerkleTile(0, 0, 8)));
    assertEquals(AuditProblem.GONE, refused.problem());
    assertTrue(String.valueOf(refused.getMessage()).contains("until 3"), refused::toString);

    LogVerdict verdict = database.verify(before);
    assertTrue(verdict.ok(), verdict::toString);
    assertTrue(
        verdict.notExcluded().getFirst().contains("dropped by retention until position 3"),
        verdict::toString);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "update log_leaf set hash = sha256('x') where position = 2 ; ROOT_MISMATCH",
        "update fact set actor = 'operator:eve' where position = 5 ; ALTERED",
        "delete from fact where position = 4 ; MISSING",
        "delete from fact where position = 6 ; MISSING",
        "delete from fact where subject_type = 'retention' ; MISSING",
        "delete from log_leaf where position = 1 ; MISSING"
      })
  void tamperingBesideWhatIsGoneIsFound(String change, LogVerdict.Fault fault) throws SQLException {
    goneIsJanuary();
    database.tamper(change);
    LogVerdict.Finding finding = database.verify().finding();
    assertNotNull(finding, change);
    assertEquals(fault, finding.fault(), finding::sentence);
  }

  /** Somebody who owns the tables drops a partition and says that retention did it. */
  @Test
  void aPartitionThatSomebodyElseDroppedIsMissing() throws SQLException {
    database.execute("drop table fact_2012_01_01");
    database.tamper("""
        update time_partition set announced_at = now(), detached_at = now(), dropped_at = now(), last_position = 3,
          term = 'P1D' where name = 'fact_2012_01_01'""");
    LogVerdict.Finding finding = database.verify().finding();
    assertNotNull(finding);
    assertEquals("1 MISSING", finding.position() + " " + finding.fault());
    assertTrue(finding.sentence().contains("no fact under a checkpoint tells"), finding::sentence);
  }

  private void goneIsJanuary() throws SQLException {
    run();
    aDayLater();
    aDayLater();
    assertEquals("4", database.one("select min(position) from fact"));
  }

  @Test
  void nothingGoesThatNoPlaceOutsideHasACheckpointOver() throws SQLException {
    database.execute("update checkpoint_delivery set size = 2");
    run();
    for (int day = 0; day < 3; day++) {
      clock.advance(Duration.ofHours(23));
      run();
    }
    assertEquals("", kinds());
    try (Connection connection = database.dataSource().getConnection()) {
      PartitionTable table = new PartitionTable(connection);
      String obstacle = RetentionStep.obstacle(
          table,
          LogCoverage.read(connection),
          table.all(RecordKind.FACTS).getFirst(),
          terms.facts,
          clock.instant());
      assertTrue(String.valueOf(obstacle).contains("No place outside"), obstacle);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a day short of the term",
        "younger than its partition",
        "held by the settings",
        "held by somebody",
        "not sealed"
      })
  void nothingGoesBeforeItsTerm(String why) throws SQLException {
    switch (why) {
      // January ends on February 1, 2012; the clock goes on for less than a week.
      case "a day short of the term" ->
        terms.facts = Duration.between(
            Instant.parse("2012-02-01T00:00:00Z"), Instant.parse("2040-06-21T00:00:00Z"));
      case "younger than its partition" ->
        database.tamper("update fact set at = '2039-01-01' where position = 2");
      case "held by the settings" -> terms.hold = true;
      case "held by somebody" -> database.execute("update retention_state set held_since = now()");
      default -> database.tamper("delete from checkpoint where size > 2");
    }
    run();
    for (int day = 0; day < 5; day++) {
      clock.advance(Duration.ofHours(23));
      run();
    }
    assertEquals("2", database.one(KEPT), why);
    assertEquals("2", database.one(TABLES), why);
    assertEquals("0", database.one("select count(*) from fact_waiting"), why);
  }

  @Test
  void aHoldStopsWhatIsAnnouncedAndWhatIsLiftedGoesOn() throws SQLException {
    run();
    aDayLater();
    database.execute("update retention_state set held_since = now()");
    aDayLater();
    aDayLater();
    assertEquals("2", database.one(KEPT));
    database.execute("update retention_state set held_since = null");
    run();
    assertEquals("1", database.one(KEPT));
  }

  @Test
  void aTermThatBecameLongerIsKept() throws SQLException {
    run();
    aDayLater();
    terms.facts = Duration.ofDays(20_000);
    aDayLater();
    assertEquals("2", database.one(KEPT));
    assertEquals(
        "retention.announced:fact_2012_01_01 retention.withdrawn:fact_2012_01_01", kinds());
  }

  @Test
  void aClockThatIsWrongForAWhileDropsNothingAndMakesNoPartition() throws SQLException {
    terms.facts = Duration.ofDays(50 * 365);
    run();
    clock.advance(Duration.ofHours(23));
    run();
    clock.advance(Duration.ofHours(2));
    run();
    String partitions = database.one("select count(*) from time_partition");
    for (int i = 0; i < 3; i++) {
      clock.advance(Duration.ofDays(365 * 40));
      run();
      clock.advance(Duration.ofHours(20));
      run();
      clock.advance(Duration.ofDays(365 * -40));
      run();
    }
    assertEquals("2", database.one(KEPT));
    assertEquals(partitions, database.one("select count(*) from time_partition"));
    assertEquals("", kinds());
  }

  @Test
  void aClockThatGoesBackAfterAnAnnouncementTakesItBack() throws SQLException {
    run();
    aDayLater();
    assertEquals("retention.announced:fact_2012_01_01", kinds());
    clock.advance(Duration.ofDays(-3));
    run();
    aDayLater();
    assertTrue(
        kinds()
            .startsWith("retention.announced:fact_2012_01_01 retention.withdrawn:fact_2012_01_01"),
        kinds());
    assertEquals("2", database.one(KEPT));
  }

  @Test
  void theAnnouncementIsSealedAndDeliveredBeforeAnythingGoes() throws SQLException {
    run();
    clock.advance(Duration.ofHours(13));
    run();
    clock.advance(Duration.ofHours(13));
    run();
    database.seal();
    for (int day = 0; day < 3; day++) {
      clock.advance(Duration.ofHours(23));
      run();
      assertEquals("2", database.one(KEPT), "its announcement is nowhere outside");
    }
    database.deliver();
    run();
    assertEquals("1", database.one(KEPT));
  }

  /** Killed between the end of a partition and the drop of its table; and by somebody who took the job over. */
  @Test
  void whatACrashLeftIsTakenOn() throws SQLException {
    run();
    aDayLater();
    clock.advance(Duration.ofHours(13));
    run();
    clock.advance(Duration.ofHours(13));
    try (JobLease lease = lease();
        JobLease next = lease()) {
      assertTrue(lease.take());
      assertTrue(step().run(lease), "detached");
      assertEquals("1", database.one(KEPT));
      assertEquals("2", database.one(TABLES), "it is still there");
      assertEquals("4", database.one("select min(position) from fact"));
      database.execute("""
          select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted""");
      assertTrue(next.take());
      assertThrows(SQLException.class, () -> step().run(lease));
      assertTrue(step().run(next), "dropped");
      assertEquals("1", database.one(TABLES));
    }
    database.seal();
    database.deliver();
    assertNull(database.verify().finding());
  }

  @Test
  void aFormerHolderThatWasOnlyPausedDropsNothing() throws SQLException {
    run();
    aDayLater();
    clock.advance(Duration.ofHours(13));
    run();
    clock.advance(Duration.ofHours(13));
    try (JobLease former = lease();
        JobLease next = lease()) {
      assertTrue(former.take());
      try (Statement statement = former.connection().createStatement()) {
        statement.execute("select pg_advisory_unlock_all()");
      }
      assertTrue(next.take());
      assertThrows(JobLease.LostLeaseException.class, () -> step().run(former));
      assertEquals("2", database.one(KEPT));
    }
  }

  @Test
  void aReaderIsNotCutOffAndDroppingWaitsForAnotherTime() throws SQLException {
    run();
    aDayLater();
    clock.advance(Duration.ofHours(13));
    run();
    clock.advance(Duration.ofHours(13));
    try (Connection reader = database.dataSource().getConnection();
        Statement statement = reader.createStatement()) {
      reader.setAutoCommit(false);
      statement.executeQuery("select 1 from fact where position = 1").close();
      run();
      assertEquals("2", database.one(KEPT));
      try (var row = statement.executeQuery("select subject from fact where position = 1")) {
        assertTrue(row.next());
      }
      reader.rollback();
    }
    run();
    assertEquals("1", database.one(KEPT));
  }

  @Test
  void aPartitionIsMadeWhileFactsAreNumberedAndCommitted() throws SQLException {
    String before = database.one("select max(ends) from time_partition");
    run();
    try (Connection numbering = database.dataSource().getConnection();
        Connection committing = database.dataSource().getConnection();
        Statement statement = numbering.createStatement()) {
      numbering.setAutoCommit(false);
      committing.setAutoCommit(false);
      database.record("waits");
      assertEquals("9", database.one("select coalesce(max(position), 0) + 1 from fact"));
      statement.execute("select number_facts(8, 10)");
      database.record(committing, "not committed yet");
      clock.advance(Duration.ofHours(13));
      run();
      clock.advance(Duration.ofHours(13));
      run();
      String after = database.one("select max(ends) from time_partition");
      assertTrue(after.compareTo(before) > 0, before + " " + after);
      numbering.commit();
      committing.commit();
    }
    assertEquals("waits", database.one("select subject from fact where position = 9"));
    database.seal();
    assertNull(database.verify().finding());
    String last = database.one(
        "select name from time_partition where parent = 'fact' order by ends desc limit 1");
    assertThrows(SQLException.class, () -> database.execute("truncate " + last));
  }

  @Test
  void aLongTimeOffIsOnePartitionAndNotHundreds() throws SQLException {
    run();
    aDayLater();
    String all = "select count(*) from time_partition where parent = 'fact'";
    int before = Integer.parseInt(database.one(all));
    clock.advance(Duration.ofDays(365 * 30));
    run();
    aDayLater();
    assertTrue(Integer.parseInt(database.one(all)) <= before + 4, database.one(all));
    assertFalse(database
        .column("select 1 from time_partition where ends > '2070-01-01'")
        .isEmpty());
  }

  /** An authority's certificates as they were before their octets had partitions: of 2012, of 2013 and of 2060. */
  private static void certificates() throws Exception {
    for (String script : List.of(
        "V30__keys", "V40__pki", "V131__nodes", "V132__crl_listings", "V210__revocations")) {
      database.script("db/migration/" + script + ".sql");
    }
    database.execute("insert into authority values ('a', 'a', null, null, 0, now())");
    for (String end :
        List.of("2012-06-30T23:59:59Z", "2013-01-01T00:00:00Z", "2060-01-01T00:00:00Z")) {
      database.execute("""
          insert into credential (id, authority, serial, subject_kind, subject_id, profile, key_digest, tbs_certificate,
            certificate, thumbprint, not_before, not_after, crl_shard, state, revocation_counter, prepared_at)
          values (gen_random_uuid(), 'a', md5('%1$s'), 'DEVICE', 'd', 'p', sha256('%1$s'), 'tbs %1$s', 'whole %1$s',
            sha256('t%1$s'), '2011-01-01', '%1$s', 0, 'ISSUED', 0, '2011-01-01')""".formatted(end));
    }
    database.script("db/migration/V232__certificates_in_time.sql");
  }

  @Test
  void certificatesFromBeforeKeepTheirOctetsByTheYearInWhichTheyEnd() throws Exception {
    certificates();
    assertEquals(
        List.of(
            "certificate_body_2012_01_01 2012-06-30 whole 2012-06-30T23:59:59Z",
            "certificate_body_2013_01_01 2013-01-01 whole 2013-01-01T00:00:00Z"),
        database.column("""
            select tableoid::regclass || ' ' || ends_on || ' ' || convert_from(certificate, 'UTF8')
            from certificate_body where ends_on < '2020-01-01' order by ends_on"""));
    assertEquals("infinity", database.one("""
        select ends from time_partition join certificate_body b on b.tableoid = name::regclass where ends_on > '2059-01-01'"""));
    assertEquals(
        "3",
        database.one(
            "select count(*) from credential join certificate_body on credential = id and ends_on = (not_after at time zone 'UTC')::date"));
  }

  @Test
  void certificatesThatEndedLongAgoGoByTheYearAndTheirSerialNumbersStay() throws Exception {
    certificates();
    terms.certificates = Duration.ofDays(365 * 27);
    run();
    for (int day = 0; day < 4; day++) {
      aDayLater();
    }
    assertEquals(
        List.of("2013-01-01", "2060-01-01"),
        database.column("select ends_on from certificate_body order by 1"));
    assertEquals("3", database.one("select count(*) from credential"));
    assertThrows(
        SQLException.class,
        () -> database.execute(
            "insert into credential select * from credential where not_after < '2013-01-01'"));
    assertEquals(
        "P9855D",
        database.one("select term from time_partition where name = 'certificate_body_2012_01_01'"));
    assertTrue(kinds().contains("retention.dropped:certificate_body_2012_01_01"), kinds());
    database.execute(
        "insert into certificate_body values (gen_random_uuid(), '9999-12-31', '\\x00', '\\x00')");
  }

  @Test
  void decisionsFromBeforeBecomeTheFirstPartition() throws Exception {
    database.script("db/migration/V70__grants.sql");
    database.execute("""
        insert into decision values (gen_random_uuid(), 0, gen_random_uuid(), '2012-01-01', 'x', null, '{}', true, '[]', 'h')""");
    database.script("db/migration/V233__decisions_in_time.sql");
    database.execute("""
        insert into decision select batch, 1, id, at, asked_by, device, question, permit, reasons, policy_hash, appraisal,
          open_partition('decision') from decision""");
    assertEquals(
        "decision_first", database.one("select tableoid::regclass from decision where line = 0"));
    assertEquals(
        "true",
        database.one(
            "select (open_partition('decision') = period)::text from decision where line = 1"));
  }
}
