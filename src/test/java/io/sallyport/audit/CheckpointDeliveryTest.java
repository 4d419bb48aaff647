package io.sallyport.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.NoteFile;
import io.sallyport.kernel.SignedNote;
import io.sallyport.kernel.WitnessKey;
import io.sallyport.testing.ObjectStore;
import io.sallyport.testing.OpenMarks;
import io.sallyport.testing.StrictWitness;
import io.sallyport.testing.StrictWitness.Manner;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.model.ObjectLockEnabled;
import software.amazon.awssdk.services.s3.model.ObjectLockRetentionMode;
import software.amazon.awssdk.services.s3.model.S3Object;

/** Places outside of the server, and what they hold against it. */
class CheckpointDeliveryTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir
  private static Path folder;

  private static LogDatabase database;
  private static final TestSigner SIGNER = new TestSigner("test.example/log");

  @TempDir
  private Path mount;

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

  private static SealedLog log() {
    return new SealedLog(database.dataSource());
  }

  private void sealed(int more) throws SQLException {
    database.numbered(more);
    Sealer sealer = new Sealer(SIGNER, Clock.systemUTC(), new OpenMarks());
    try (JobLease lease = new JobLease(database.dataSource(), Sealer.JOB, "test")) {
      assertTrue(lease.take());
      assertFalse(sealer.run(lease));
    }
  }

  /** One delivery of a server that has just started. */
  private @Nullable String deliver(CheckpointPlace place) throws SQLException {
    DeliveryStep step = new DeliveryStep(place, Duration.ZERO, Clock.systemUTC());
    try (JobLease lease = new JobLease(database.dataSource(), "deliver-" + place.kind(), "test")) {
      assertTrue(lease.take());
      step.run(lease);
    }
    return database.one("select complaint from checkpoint_delivery where place = '"
        + DeliveryStep.key(place) + "'");
  }

  private void assertDelivered(CheckpointPlace place) throws SQLException {
    assertEquals(null, deliver(place));
  }

  private void assertRefused(CheckpointPlace place, String because) throws SQLException {
    String complaint = deliver(place);
    assertNotNull(complaint, "delivered, although " + because);
    assertTrue(complaint.contains(because), complaint);
  }

  /** Another history of the same length, signed by the same key: what the server's owner could do. */
  private void rewrite(int facts) throws SQLException {
    database.tamper("""
        delete from fact; delete from log_leaf; delete from log_tile; delete from checkpoint_cosignature;
        delete from checkpoint; delete from job_epoch where job = 'seal'""");
    database.numbered(facts);
    database.tamper("update fact set leaf = 'forged' where position = 1");
    Sealer sealer = new Sealer(SIGNER, Clock.systemUTC(), new OpenMarks());
    try (JobLease lease = new JobLease(database.dataSource(), Sealer.JOB, "test")) {
      assertTrue(lease.take());
      assertFalse(sealer.run(lease));
    }
  }

  @Nested
  class File {
    private Path file;

    @BeforeEach
    void name() {
      file = mount.resolve("checkpoints");
    }

    private CheckpointFile place() {
      return new CheckpointFile(file, SIGNER);
    }

    private String text() throws IOException {
      return Files.readString(file);
    }

    private String latest() {
      return log().latest().orElseThrow().note();
    }

    @Test
    void getsOneNoteAfterTheOther() throws Exception {
      sealed(3);
      assertDelivered(place());
      String first = latest();
      assertEquals(first, text());
      assertDelivered(place());
      assertEquals(first, text(), "nothing was new");
      sealed(300);
      assertDelivered(place());
      assertEquals(first + latest(), text());
    }

    @Test
    void isFollowedByTheSameServerToo() throws Exception {
      CheckpointFile place = place();
      DeliveryStep step = new DeliveryStep(place, Duration.ZERO, Clock.systemUTC());
      StringBuilder expected = new StringBuilder();
      try (JobLease lease = new JobLease(database.dataSource(), "deliver-file", "test")) {
        for (int i = 0; i < 3; i++) {
          sealed(5);
          assertTrue(lease.take());
          step.run(lease);
          expected.append(latest());
        }
        assertEquals(expected.toString(), text());
        Files.writeString(file, text().replaceFirst("(?s)AAAA?|[A-Z]", "a").substring(1));
        sealed(5);
        step.run(lease);
      }
      assertTrue(database.one("select complaint from checkpoint_delivery").contains("shorter"));
    }

    @Test
    void aCrashBeforeItWasNotedDoesNotMakeTwo() throws Exception {
      sealed(3);
      assertDelivered(place());
      database.execute(
          "create table if not exists kept_delivery as select * from checkpoint_delivery");
      sealed(3);
      assertDelivered(place());
      String both = text();
      database.execute(
          "delete from checkpoint_delivery; insert into checkpoint_delivery select * from kept_delivery;"
              + "drop table kept_delivery");
      assertDelivered(place());
      assertEquals(both, text());
      database.execute("delete from checkpoint_delivery");
      assertDelivered(place());
      assertEquals(both, text(), "a file that another server began is gone on with");
    }

    /** Wherever the power went while a note was written. */
    @Test
    void whatAPowerCutToreOffIsGoneOnFrom() throws Exception {
      sealed(3);
      assertDelivered(place());
      String first = text();
      String state =
          database.one("select octets || ',' || encode(digest, 'hex') from checkpoint_delivery");
      sealed(3);
      String second = latest();
      for (int length = 0; length <= second.length(); length += length < 40 ? 1 : 7) {
        Files.write(file, (first + second.substring(0, length)).getBytes(StandardCharsets.UTF_8));
        database.execute("update checkpoint_delivery set size = 3, octets = "
            + state.split(",")[0] + ", digest = decode('" + state.split(",")[1] + "', 'hex')");
        assertDelivered(place());
        List<String> whole = new ArrayList<>();
        try (var in = Files.newInputStream(file)) {
          NoteFile notes = new NoteFile(in, "test.example/log");
          for (String note = notes.next(); note != null; note = notes.next()) {
            if (note.equals(first) || note.equals(second)) {
              whole.add(note);
            }
          }
        }
        assertEquals(List.of(first, second), whole, "torn off after " + length);
      }
    }

    @ParameterizedTest
    @CsvSource({
      "shorter,   shorter",
      "emptied,   shorter",
      "altered,   altered",
      "longer,    altered",
      "foreign,   altered",
      "gone,      gone",
      "a folder,  gone"
    })
    void isLeftAloneWhenItIsNotWhatWasWritten(String what, String because) throws Exception {
      sealed(3);
      assertDelivered(place());
      sealed(3);
      assertDelivered(place());
      String before = text();
      String foreign;
      {
        TestSigner other = new TestSigner("test.example/log");
        SignedNote own = SignedNote.parse(latest());
        foreign = other
            .key()
            .note(own.text(), other.sign(own.text().getBytes(StandardCharsets.UTF_8)))
            .toString();
      }
      switch (what) {
        case "shorter" -> Files.writeString(file, before.substring(0, before.length() - 1));
        case "emptied" -> Files.writeString(file, "");
        case "altered" -> Files.writeString(file, before.replaceFirst("\n3\n", "\n2\n"));
        case "longer" -> Files.writeString(file, "more\n", StandardOpenOption.APPEND);
        case "foreign" -> Files.writeString(file, foreign, StandardOpenOption.APPEND);
        case "gone" -> Files.delete(file);
        case "a folder" -> {
          Files.delete(file);
          Files.createDirectory(file);
        }
        default -> throw new AssertionError(what);
      }
      boolean readable = Files.isRegularFile(file);
      String then = readable ? text() : "";
      sealed(3);
      assertRefused(place(), because);
      assertEquals(then, readable ? text() : "");
      assertEquals(
          "6", database.one("select size from checkpoint_delivery"), "what was delivered is kept");
    }

    @Test
    void isNotBegunWhereTheMountIsMissing() throws Exception {
      sealed(1);
      assertRefused(
          new CheckpointFile(mount.resolve("none").resolve("checkpoints"), SIGNER),
          "cannot be written");
      assertFalse(Files.exists(mount.resolve("none")));
    }

    @Test
    void tellsThatTheLogWentBack() throws Exception {
      sealed(3);
      sealed(3);
      assertDelivered(place());
      database.tamper("delete from checkpoint where size = 6");
      assertRefused(place(), "the log went back");
      database.execute("delete from checkpoint_delivery");
      assertRefused(place(), "the log went back");
    }

    @Test
    void tellsThatHistoryWasReplacedAndSignedAnew() throws Exception {
      sealed(6);
      assertDelivered(place());
      String before = text();
      rewrite(9);
      assertRefused(place(), "its history was replaced");
      database.execute("delete from checkpoint_delivery");
      assertRefused(place(), "its history was replaced");
      assertEquals(before, text());
    }

    /** A node that was paused writes once more before it finds that it lost the job. */
    @Test
    void aFormerHoldersNoteDoesNotHoldUpTheNext() throws Exception {
      sealed(3);
      CheckpointFile place = place();
      DeliveryStep former = new DeliveryStep(place, Duration.ZERO, Clock.systemUTC());
      try (JobLease lost = new JobLease(database.dataSource(), "deliver-file", "former")) {
        assertTrue(lost.take());
        former.run(lost);
        sealed(3);
        try (var statement = lost.connection().createStatement()) {
          statement.execute("select pg_advisory_unlock_all()");
        }
        try (JobLease next = new JobLease(database.dataSource(), "deliver-file", "next")) {
          assertTrue(next.take());
          assertThrows(JobLease.LostLeaseException.class, () -> former.run(lost));
          sealed(3);
          new DeliveryStep(place(), Duration.ZERO, Clock.systemUTC()).run(next);
        }
      }
      assertEquals("9", database.one("select size from checkpoint_delivery"));
      assertTrue(text().endsWith(latest()));
    }
  }

  @Nested
  class Store {
    private static final int DAYS = 400;
    private static ObjectStore store;

    private final String bucket = "checkpoints-" + UUID.randomUUID();

    @BeforeAll
    static void startStore(@TempDir Path files) throws IOException {
      store = ObjectStore.start(files);
    }

    @AfterAll
    static void stopStore() {
      store.close();
    }

    private CheckpointStore place() {
      return place(store.url(), Duration.ofDays(365));
    }

    private CheckpointStore place(String url, Duration leastRetention) {
      return new CheckpointStore(
          new TestStore(url, Optional.of(bucket), leastRetention), SIGNER, LONG);
    }

    private void made() {
      store.client().createBucket(with -> with.bucket(bucket).objectLockEnabledForBucket(true));
      keep(ObjectLockRetentionMode.COMPLIANCE);
    }

    private void keep(ObjectLockRetentionMode mode) {
      store
          .client()
          .putObjectLockConfiguration(with -> with.bucket(bucket)
              .objectLockConfiguration(lock -> lock.objectLockEnabled(ObjectLockEnabled.ENABLED)
                  .rule(rule -> rule.defaultRetention(keeps -> keeps.mode(mode).days(DAYS)))));
    }

    private List<String> names() {
      return store.client().listObjectsV2(ask -> ask.bucket(bucket)).contents().stream()
          .map(S3Object::key)
          .toList();
    }

    private String kept(String name) {
      return store
          .client()
          .getObjectAsBytes(ask -> ask.bucket(bucket).key(name))
          .asUtf8String();
    }

    private void put(String name, String note) {
      store.client().putObject(with -> with.bucket(bucket).key(name), RequestBody.fromString(note));
    }

    @Test
    void getsAnObjectForEachCheckpoint() throws Exception {
      made();
      sealed(3);
      assertDelivered(place());
      String first = log().latest().orElseThrow().note();
      assertDelivered(place());
      sealed(300);
      assertDelivered(place());
      assertEquals(List.of("plant/00000000000000000003", "plant/00000000000000000303"), names());
      assertEquals(first, kept("plant/00000000000000000003"));
      assertEquals(log().latest().orElseThrow().note(), kept("plant/00000000000000000303"));
    }

    @Test
    void aCrashBeforeItWasNotedIsNoFault() throws Exception {
      made();
      sealed(3);
      assertDelivered(place());
      database.tamper("delete from checkpoint_delivery");
      assertDelivered(place());
      assertEquals("3", database.one("select size from checkpoint_delivery"));
    }

    @Test
    void oneThatWouldNotKeepThemIsRefused() throws Exception {
      sealed(3);
      assertRefused(place(), "cannot be written: 404 NoSuchBucket");
      store.client().createBucket(with -> with.bucket(bucket));
      assertRefused(place(), "would not keep what is put there");
      assertEquals(List.of(), names());
    }

    @Test
    void aRetentionThatCanBeLiftedOrIsShortIsRefused() throws Exception {
      made();
      sealed(3);
      keep(ObjectLockRetentionMode.GOVERNANCE);
      assertRefused(place(), "would not keep what is put there");
      keep(ObjectLockRetentionMode.COMPLIANCE);
      assertRefused(
          place(store.url(), Duration.ofDays(DAYS + 1)), "keeps objects for " + DAYS + " days");
      assertEquals(List.of(), names());
      assertDelivered(place(store.url(), Duration.ofDays(DAYS)));
    }

    @Test
    void aReplacedHistoryIsFound() throws Exception {
      made();
      sealed(3);
      assertDelivered(place());
      rewrite(3);
      database.tamper("delete from checkpoint_delivery");
      assertRefused(place(), "holds another checkpoint of 3 facts");
      rewrite(5);
      database.tamper("update checkpoint_delivery set size = 3, complaint = null");
      assertRefused(place(), "with another root than this log has");
      assertEquals(1, names().size());
    }

    @Test
    void aLogThatWentBackIsFound() throws Exception {
      made();
      sealed(5);
      assertDelivered(place());
      String later = kept("plant/00000000000000000005");
      database.tamper("""
          delete from fact; delete from log_leaf; delete from log_tile; delete from checkpoint_cosignature;
          delete from checkpoint; delete from job_epoch where job = 'seal'; delete from checkpoint_delivery""");
      sealed(3);
      assertRefused(place(), "the log went back");
      assertEquals(later, kept("plant/00000000000000000005"));
      assertEquals(1, names().size());
    }

    @Test
    void anObjectThatWasReplacedIsFound() throws Exception {
      made();
      sealed(3);
      assertDelivered(place());
      put("plant/00000000000000000003", "something else");
      sealed(3);
      assertRefused(place(), "what this log's key has not signed");
    }

    @Test
    void oneThatIsNotThereIsToldWithoutASecret() throws Exception {
      sealed(3);
      String complaint = deliver(place("http://127.0.0.1:1", Duration.ofDays(1)));
      assertNotNull(complaint);
      assertTrue(complaint.contains("cannot be written"), complaint);
      assertFalse(complaint.contains("only-for-this-test"), complaint);
    }
  }

  @Nested
  class Witness {
    private CheckpointWitness place(StrictWitness witness, Duration patience) {
      return new CheckpointWitness(
          witness.url(),
          WitnessKey.parse(witness.vkey()),
          Optional.empty(),
          patience,
          Clock.systemUTC());
    }

    private CheckpointWitness place(StrictWitness witness) {
      return place(witness, LONG);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Ed25519", "ML-DSA-44"})
    void signsWhatOnlyGrew(String algorithm) throws Exception {
      try (StrictWitness witness =
          new StrictWitness("witness.example/w1", SIGNER.key(), algorithm)) {
        for (int more : new int[] {1, 2, 300, 4000}) {
          sealed(more);
          assertDelivered(place(witness));
        }
        assertEquals(List.of(1L, 3L, 303L, 4303L), witness.signed());
        assertEquals(4, witness.asked(), "the size that it knows was known");
        SignedNote note =
            SignedNote.parse(new SealedTree(database.dataSource()).checkpoint().orElseThrow());
        assertTrue(SIGNER.key().signed(note));
        assertTrue(WitnessKey.parse(witness.vkey()).cosigned(note).isPresent());
        assertEquals(2, note.lines().size(), "signatures of others are not kept");
        assertEquals(
            4,
            log().checkpoints(0, 10).items().stream()
                .filter(one -> one.note().contains("witness.example/w1"))
                .count());
      }
    }

    @Test
    void isToldFromWhereItKnowsTheLog() throws Exception {
      try (StrictWitness witness = new StrictWitness("witness.example/w1", SIGNER.key())) {
        sealed(5);
        assertDelivered(place(witness));
        // A crash between the signature and the commit, or another database.
        database.tamper("delete from checkpoint_delivery; delete from checkpoint_cosignature");
        assertDelivered(place(witness));
        sealed(5);
        database.execute("delete from checkpoint_delivery");
        assertDelivered(place(witness));
        assertEquals(List.of(5L, 5L, 10L), witness.signed());
        assertEquals("2", database.one("select count(*) from checkpoint_cosignature"));
      }
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "BAD_SIGNATURE   | not good",
          "OTHER_KEY       | without a signature of the key",
          "FROM_THE_FUTURE | in the future",
          "EMPTY           | no signature line",
          "NOT_A_LINE      | no signature line",
          "FLOOD           | cannot be reached",
          "ALWAYS_STALE    | cannot be followed",
          "SEEN_MORE       | the log went back",
          "NO_SIZE         | without the size",
          "REDIRECT        | answered 307",
          "BROKEN          | answered 500"
        })
    void isNotBelievedBlindly(Manner manner, String because) throws Exception {
      refuted("Ed25519", manner, because);
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "BAD_SIGNATURE   | not good",
          "OTHER_KEY       | without a signature of the key",
          "FROM_THE_FUTURE | in the future"
        })
    void isNotBelievedBlindlyByMlDsaEither(Manner manner, String because) throws Exception {
      refuted("ML-DSA-44", manner, because);
    }

    private void refuted(String algorithm, Manner manner, String because) throws Exception {
      sealed(5);
      try (StrictWitness witness =
          new StrictWitness("witness.example/w1", SIGNER.key(), algorithm)) {
        witness.become(manner);
        assertRefused(place(witness), because);
        assertTrue(witness.asked() <= 2);
        assertEquals("0", database.one("select count(*) from checkpoint_cosignature"));
        witness.become(Manner.STRICT);
        assertDelivered(place(witness));
      }
    }

    @ParameterizedTest
    @CsvSource({"DRIP", "SILENT"})
    void isNotWaitedForForEver(Manner manner) throws Exception {
      sealed(5);
      try (StrictWitness witness = new StrictWitness("witness.example/w1", SIGNER.key())) {
        witness.become(manner);
        assertRefused(place(witness, Duration.ofMillis(300)), "The witness");
        sealed(5);
        assertEquals(10, log().latest().orElseThrow().size(), "sealing goes on");
        witness.become(Manner.STRICT);
        assertDelivered(place(witness));
      }
    }

    @Test
    void thatIsGoneIsTriedAgain() throws Exception {
      sealed(5);
      StrictWitness witness = new StrictWitness("witness.example/w1", SIGNER.key());
      witness.close();
      assertRefused(place(witness), "cannot be reached");
    }

    @Test
    void findsAHistoryThatWasReplacedAndSignedAnew() throws Exception {
      try (StrictWitness witness = new StrictWitness("witness.example/w1", SIGNER.key())) {
        sealed(6);
        assertDelivered(place(witness));
        rewrite(6);
        database.execute("delete from checkpoint_delivery");
        assertRefused(place(witness), "history was replaced");
        rewrite(9);
        assertRefused(place(witness), "did not only grow");
        rewrite(4);
        assertRefused(place(witness), "the log went back");
        assertEquals(List.of(6L), witness.signed());
      }
    }

    @Test
    void thatKnowsAnotherLogOrKeySaysSo() throws Exception {
      sealed(5);
      TestSigner same = new TestSigner("test.example/log");
      TestSigner other = new TestSigner("other.example/log");
      try (StrictWitness witness = new StrictWitness("witness.example/w1", same.key())) {
        assertRefused(place(witness), "does not know this log's key");
      }
      try (StrictWitness witness = new StrictWitness("witness.example/w1", other.key())) {
        assertRefused(place(witness), "does not know this log");
      }
    }
  }
}
