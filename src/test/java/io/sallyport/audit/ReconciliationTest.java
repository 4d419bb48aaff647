package io.sallyport.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.audit.Reconciliation.Closed;
import io.sallyport.cli.LogVerdict;
import io.sallyport.cli.LogVerifier;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.LogName;
import io.sallyport.kernel.Refusal;
import io.sallyport.kernel.SignedNote;
import io.sallyport.marks.Mark;
import io.sallyport.marks.MarksProblem;
import io.sallyport.testing.OpenMarks;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A log that was cut back is made whole from what was signed, or says what it lost; and from nothing else. */
class ReconciliationTest {
  private static final Actor OPERATOR = Actor.operator("olga");

  @SuppressWarnings("NullAway.Init")
  private static LogDatabase database;

  /** The log under the name that it has at the moment, as the server's own signer gives it. */
  private final class Named implements LogSigner {
    private final TestSigner key = new TestSigner("reconciled.example/log");

    @Override
    public SignedNote.VerifierKey key() {
      return key.key().as(LogName.of(key.key().name(), marks.losses()));
    }

    @Override
    public byte[] sign(byte[] text) {
      return key.sign(text);
    }
  }

  /** Marks at 30 facts, whatever the database shows. */
  private final class Kept extends OpenMarks {
    private boolean behind = true;

    @Override
    public @Nullable Refusal refusal() {
      return behind ? new Refusal(MarksProblem.BEHIND, "behind") : null;
    }

    @Override
    public int losses() {
      try {
        return Integer.parseInt(database.one("select losses from database_identity"));
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public List<Mark> unmet(Connection connection) {
      return List.of(new Mark(
          new UUID(0, 1),
          new UUID(0, 2),
          30,
          root30,
          Map.of("crl/devices", 9L, "epochs", 50L, "losses", 0L),
          Instant.EPOCH));
    }

    @Override
    public void look() {
      behind = false;
    }
  }

  private final Kept marks = new Kept();
  private final Named signer = new Named();
  private final List<String> replayed = new ArrayList<>();
  private final Replay owner = new Replay() {
    @Override
    public Effect replay(Connection transaction, LogEntry lost, Consumer<Fact> further) {
      replayed.add(lost.subject());
      return lost.subject().equals("s-15") ? Effect.BY_HAND : Effect.DONE;
    }
  };
  private Digest root30 = Digest.of();
  private List<byte[]> leaves = List.of();
  private List<String> notes = List.of();

  @BeforeAll
  static void startDatabase(@TempDir Path programs) throws Exception {
    database = LogDatabase.start(programs);
  }

  @AfterAll
  static void stopDatabase() {
    database.close();
  }

  /** Thirty facts under checkpoints of 10, 20 and 30, of which the database keeps ten. */
  @BeforeEach
  void cutBack() throws SQLException {
    database.tamper(
        "truncate fact, fact_waiting, log_leaf, log_tile, checkpoint, checkpoint_cosignature, job_epoch, behind_marks,"
            + " lost_fact, lost_checkpoint, accepted_loss; update database_identity set losses = 0; update time_partition set first_position = null");
    grow(1, 10);
    grow(11, 20);
    grow(21, 30);
    SealedLog log = new SealedLog(database.dataSource());
    leaves = log.entries(0, 100, null, null).items().stream()
        .map(entry -> entry.leaf().octets())
        .toList();
    notes = log.checkpoints(0, 100).items().stream().map(Checkpoint::note).toList();
    root30 = log.latest().orElseThrow().root();
    backTo(10);
  }

  private void grow(int from, int to) throws SQLException {
    for (int i = from; i <= to; i++) {
      database.record("s-" + i);
    }
    database.number();
    seal();
  }

  private void seal() throws SQLException {
    try (JobLease lease = new JobLease(database.dataSource(), Sealer.JOB, "test")) {
      assertTrue(lease.take());
      new Sealer(signer, Clock.systemUTC(), marks).run(lease);
    }
  }

  private static void backTo(int size) throws SQLException {
    database.tamper("delete from checkpoint where size > " + size
        + "; delete from log_leaf where position > " + size + "; delete from fact where position > "
        + size + "; update job_epoch set mark = " + size);
  }

  private StoredReconciliation reconciliation() {
    return new StoredReconciliation(
        database.dataSource(),
        signer,
        marks,
        List.of(owner),
        Clock.systemUTC(),
        new Ids(Clock.systemUTC(), new SecureRandom()));
  }

  @Test
  void whatWasLostIsPutBackInItsPlaceAndTheLogGoesOn() throws SQLException {
    UUID waiting = database.record("after the restore");
    StoredReconciliation reconciliation = reconciliation();
    assertEquals(new Reconciliation.Gap(10, 30), reconciliation.gap());
    bring(30);
    Closed dry = reconciliation.close(OPERATOR, true, null, null);
    assertEquals("10", database.one("select max(size) from checkpoint"), "a dry run");
    replayed.clear();
    Closed closed = reconciliation.close(OPERATOR, false, null, null);
    assertEquals(dry, closed);
    assertEquals(10, closed.from());
    assertEquals(30, closed.to());
    assertEquals(Map.of("test.happened", 19L), closed.done());
    assertEquals(Map.of("test.happened", java.util.Set.of("s-15")), closed.byHand());
    assertEquals(20, replayed.size());
    assertEquals("s-11", replayed.getFirst(), "in their order");
    database.number();
    seal();
    LogVerdict verdict = verify(notes.getLast());
    assertNull(verdict.finding(), () -> String.valueOf(verdict.finding()));
    assertEquals(32, verdict.covered());
    assertEquals(
        "31", database.one("select position from fact where id = '" + waiting + "'"), "behind it");
    assertEquals(
        "operator:olga", database.one("select actor from fact where kind = 'log.reconciled'"));
    assertEquals("50", database.one("select sum(epoch) - 1 from job_epoch"), "and one for sealing");
    assertEquals("0", database.one("select count(*) from lost_fact"));
    assertThrows(Refusal.class, () -> reconciliation.close(OPERATOR, false, null, null));
  }

  @Test
  void whatWasNumberedMeanwhileButNotSealedStandsBehind() throws SQLException {
    UUID meanwhile = database.record("numbered after the restore");
    database.number();
    assertEquals("11", database.one("select max(position) from fact"));
    bring(30);
    reconciliation().close(OPERATOR, false, null, null);
    database.number();
    seal();
    assertNull(verify(notes.getLast()).finding());
    assertEquals("31", database.one("select position from fact where id = '" + meanwhile + "'"));
  }

  @Test
  void factsThatTheDatabaseStillHasWithoutANumberGetTheirs() throws SQLException {
    database.tamper("delete from checkpoint where true; delete from log_leaf where true;"
        + " with last as (delete from fact where position > 5 returning *) insert into fact_waiting select id, at, kind,"
        + " actor, subject_type, subject, detail, leaf from last; update job_epoch set mark = 0");
    bring(0, 30);
    reconciliation().close(OPERATOR, false, null, null);
    assertNull(verify(notes.getLast()).finding());
  }

  @Test
  void anExportThatDoesNotReachTheMarksIsNotEnough() {
    bring(20);
    String sentence = refused(null);
    assertTrue(sentence.contains("reaches fact 20, but 30 were signed"), sentence);
  }

  @Test
  void alteredFactsAreRefusedWhereverTheyAre() throws SQLException {
    bring(30);
    String other =
        new String(leaves.get(14), java.nio.charset.StandardCharsets.UTF_8).replace("s-15", "s-99");
    reconciliation()
        .bring(14, List.of(other.getBytes(java.nio.charset.StandardCharsets.UTF_8)), List.of());
    assertTrue(refused(null).contains("do not lead"), "to the signed root");
    Refusal refusal = assertThrows(
        Refusal.class,
        () -> reconciliation()
            .bring(
                14,
                List.of(other
                    .replace("\"v\":1", "\"v\":1 ")
                    .getBytes(java.nio.charset.StandardCharsets.UTF_8)),
                List.of()));
    assertTrue(refusal.detail().contains("not written as facts are written"), refusal.detail());
    assertEquals("10", database.one("select max(size) from checkpoint"), "nothing was changed");
    assertEquals("10", database.one("select max(position) from fact"));
  }

  @Test
  void aCheckpointOfAnotherKeyIsRefused() {
    TestSigner stranger = new TestSigner("reconciled.example/log");
    String text = SignedNote.parse(notes.getLast()).text();
    String note = stranger
        .key()
        .note(text, stranger.sign(text.getBytes(java.nio.charset.StandardCharsets.UTF_8)))
        .toString();
    Refusal refusal =
        assertThrows(Refusal.class, () -> reconciliation().bring(10, List.of(), List.of(note)));
    assertTrue(refusal.detail().contains("not signed by the key of this log"), refusal.detail());
  }

  @Test
  void aMissingFactOrCheckpointIsNamed() throws SQLException {
    bring(30);
    database.execute("delete from lost_fact where position = 17");
    assertTrue(refused(null).contains("Fact 17 was not brought"));
  }

  /** Another history that the same key signed leaves checkpoints of other sizes behind. */
  @Test
  void aRightExportAfterAWrongOneIsTaken() throws SQLException {
    List<byte[]> right = leaves;
    List<String> signed = notes;
    grow(101, 104);
    grow(105, 125);
    SealedLog other = new SealedLog(database.dataSource());
    leaves = other.entries(0, 100, null, null).items().stream()
        .map(entry -> entry.leaf().octets())
        .toList();
    reconciliation().bring(10, leaves.subList(10, leaves.size()), List.of());
    reconciliation()
        .bring(
            10,
            List.of(),
            other.checkpoints(0, 100).items().stream()
                .map(Checkpoint::note)
                .skip(1)
                .toList());
    backTo(10);
    assertTrue(refused(null).contains("not those that were signed"), "it is of another history");

    leaves = right;
    notes = signed;
    bring(30);
    assertTrue(refused(null).contains("do not lead"), "what the wrong one left is between");
    reconciliation().forget();
    bring(10, 20);
    assertTrue(refused(null).contains("reaches fact 20"), "nothing of it is left");
    bring(20, 30);
    bring(20, 30);

    assertThrows(
        Refusal.class,
        () -> reconciliation().close(OPERATOR, false, null, 20L),
        "somebody brought another one meanwhile");
    assertEquals(30, reconciliation().close(OPERATOR, false, null, null).to());
  }

  @Test
  void nothingIsForgottenWhileTheDatabaseHasReachedItsMarks() {
    bring(30);
    reconciliation().close(OPERATOR, false, null, null);
    assertThrows(Refusal.class, () -> reconciliation().forget());
  }

  @Test
  void aDatabaseOfAnotherHistoryIsNotMended() throws SQLException {
    backTo(0);
    database.tamper("truncate log_tile");
    grow(1, 10);
    bring(30);
    assertTrue(refused(null).contains("another history"));
  }

  @Test
  void aLossIsToldByTheLogAndNothingIsSignedTwiceUnderOneName() throws SQLException {
    bring(20);
    Closed closed = reconciliation().close(OPERATOR, false, "the tapes burned", null);
    assertEquals(20, closed.to());
    database.number();
    seal();
    grow(101, 120);
    LogVerdict verdict = verify(notes.toArray(String[]::new));
    assertNull(verdict.finding(), () -> String.valueOf(verdict.finding()));
    String told = String.join("\n", verdict.notExcluded());
    assertTrue(told.contains("Facts 21 to 30 as they were signed before: they are lost"), told);
    assertTrue(told.contains("operator:olga") && told.contains("the tapes burned"), told);
    assertTrue(told.contains("What 1 earlier checkpoints signed of the lost facts"), told);
    assertEquals(
        "21",
        database.one("select position from fact where kind = 'log.lost'"),
        "the first of all");
    assertEquals(
        List.of("reconciled.example/log"),
        database.column(
            "select distinct split_part(note, E'\\n', 1) from checkpoint where size <= 20"));
    assertEquals(
        List.of("reconciled.example/log/after-loss-1"),
        database.column(
            "select distinct split_part(note, E'\\n', 1) from checkpoint where size > 20"));
  }

  @Test
  void aLossDoesNotHideThatMoreWasLost() throws SQLException {
    database.tamper(
        "truncate fact, fact_waiting, log_leaf, log_tile, checkpoint, checkpoint_cosignature, job_epoch");
    // A history of 40 facts is signed under the same key and kept by an auditor.
    grow(1, 40);
    String kept = new SealedLog(database.dataSource()).latest().orElseThrow().note();
    database.tamper(
        "truncate fact, fact_waiting, log_leaf, log_tile, checkpoint, checkpoint_cosignature, job_epoch");
    reconciliation().close(OPERATOR, false, "all of it", null);
    seal();
    LogVerdict.Finding finding = verify(kept).finding();
    assertNotNull(finding);
    assertTrue(finding.sentence().contains("more was lost than was accepted"), finding.sentence());
  }

  @Test
  void aCheckpointUnderTheWrongNameIsFound() throws SQLException {
    bring(20);
    reconciliation().close(OPERATOR, false, "lost", null);
    database.number();
    seal();
    database.tamper(
        "delete from accepted_loss; delete from checkpoint where size > 20;"
            + " delete from log_leaf where position > 20; update job_epoch set mark = 20 where job = 'seal'");
    seal();
    LogVerdict.Finding finding = verify().finding();
    assertNotNull(finding);
    assertTrue(finding.sentence().contains("signed under the name"), finding.sentence());
  }

  @Test
  void nothingIsLostThatAnExportReaches() {
    bring(30);
    assertTrue(refused("careless").contains("Nothing is lost"));
    assertFalse(marks.refusal() == null);
  }

  private void bring(int to) {
    bring(10, to);
  }

  private void bring(int after, int to) {
    StoredReconciliation reconciliation = reconciliation();
    reconciliation.bring(after, leaves.subList(after, to), List.of());
    reconciliation.bring(after, List.of(), notes.subList(after / 10, to / 10));
  }

  private String refused(@Nullable String loss) {
    return assertThrows(Refusal.class, () -> reconciliation().close(OPERATOR, false, loss, null))
        .detail();
  }

  private LogVerdict verify(String... earlier) {
    SealedLog log = new SealedLog(database.dataSource());
    return new LogVerifier(signer.key().toString(), true, List.of(earlier))
        .verify(
            log.entries(0, 100, null, null).items().stream()
                .map(LogDatabase::shown)
                .iterator(),
            log.checkpoints(0, 100).items().stream()
                .map(c -> new LogVerifier.Checkpoint(c.size(), c.root(), c.note()))
                .iterator());
  }
}
