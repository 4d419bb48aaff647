package io.sallyport.audit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.MerkleFrontier;
import io.sallyport.kernel.MerkleProof;
import io.sallyport.kernel.MerkleTile;
import io.sallyport.kernel.Refusal;
import io.sallyport.testing.OpenMarks;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tiles and proofs of a log with one full tile of level 1 and something of every level beside it. */
class SealedTreeTest {
  /** The example of C2SP tlog-tiles. */
  private static final int SIZE = 70_000;

  @TempDir
  private static Path folder;

  private static final TestSigner SIGNER = new TestSigner("test.example/log");

  private static LogDatabase database;
  private static SealedTree tree;

  @BeforeAll
  static void seal() throws Exception {
    database = LogDatabase.start(folder);
    database.numbered(SIZE);
    tree = new SealedTree(database.dataSource());
    run();
  }

  @AfterAll
  static void stop() {
    database.close();
  }

  private static void run() throws SQLException {
    Sealer sealer = new Sealer(SIGNER, Clock.systemUTC(), new OpenMarks());
    try (JobLease lease = new JobLease(database.dataSource(), Sealer.JOB, "test")) {
      assertTrue(lease.take());
      while (sealer.run(lease)) {
        assertTrue(lease.take());
      }
    }
  }

  private static Digest leaf(long position) {
    return MerkleFrontier.leafHash(("leaf " + position).getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void theTilesAreThoseOfTheExample() throws SQLException {
    assertEquals("273", database.one("select count(*) from log_tile where level = 0"));
    assertEquals("1", database.one("select count(*) from log_tile where level = 1"));
    assertEquals(112 * 32, tree.tile(new MerkleTile(0, 273, 112)).orElseThrow().length);
    assertEquals(17 * 32, tree.tile(new MerkleTile(1, 1, 17)).orElseThrow().length);
    assertEquals(32, tree.tile(new MerkleTile(2, 0, 1)).orElseThrow().length);
    for (MerkleTile none : new MerkleTile[] {
      new MerkleTile(0, 273, 113),
      new MerkleTile(0, 274, 1),
      new MerkleTile(1, 1, 18),
      new MerkleTile(2, 0, 2),
      new MerkleTile(3, 0, 1),
      new MerkleTile(7, Long.MAX_VALUE, 256)
    }) {
      assertTrue(tree.tile(none).isEmpty(), none::toString);
      assertTrue(tree.entries(none).isEmpty(), none::toString);
    }
  }

  @Test
  void aPartialTileIsTheBeginningOfTheFullOne() {
    byte[] full = tree.tile(new MerkleTile(0, 5, 256)).orElseThrow();
    byte[] partial = tree.tile(new MerkleTile(0, 5, 3)).orElseThrow();
    ByteArrayOutputStream expected = new ByteArrayOutputStream();
    for (int i = 1; i <= 3; i++) {
      expected.writeBytes(leaf(5 * 256 + i).octets());
    }
    assertArrayEquals(expected.toByteArray(), partial);
    assertArrayEquals(partial, java.util.Arrays.copyOf(full, partial.length));
  }

  @Test
  void anEntryBundleHoldsTheLeavesBehindTheirLengths() {
    byte[] bundle = tree.entries(new MerkleTile(0, 273, 2)).orElseThrow();
    byte[] first = "leaf 69889".getBytes(StandardCharsets.UTF_8);
    assertEquals(2 * (2 + first.length), bundle.length);
    assertEquals(0, bundle[0]);
    assertEquals(first.length, bundle[1]);
    assertArrayEquals(first, java.util.Arrays.copyOfRange(bundle, 2, 2 + first.length));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 70000",
    "70000, 70000",
    "65536, 70000",
    "65537, 70000",
    "12345, 70000",
    "1, 1",
    "256, 256",
    "257, 257",
    "4096, 65536",
    "100, 4097",
    "69999, 69999"
  })
  void everyFactIsProvenInEveryTreeThatHasIt(long position, long size) {
    LogTree.Inclusion proof = tree.inclusion(position, size);
    assertEquals(leaf(position), proof.leaf());
    assertEquals(position - 1, proof.index());
    assertTrue(
        MerkleProof.includes(leaf(position), position - 1, size, proof.path(), proof.root()));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 70000",
    "1, 70000",
    "70000, 70000",
    "65536, 70000",
    "4096, 8192",
    "12345, 65537",
    "255, 257",
    "69999, 70000"
  })
  void theLogIsProvenToHaveGrown(long old, long size) {
    LogTree.Consistency proof = tree.consistency(old, size);
    assertTrue(MerkleProof.consistent(old, proof.oldRoot(), size, proof.root(), proof.path()));
  }

  @Test
  void aProofForTheNewestCheckpointComesWithIt() {
    LogTree.Inclusion proof = tree.inclusion(7, null);
    assertEquals(SIZE, proof.size());
    assertEquals(tree.checkpoint().orElseThrow(), proof.checkpoint());
    assertEquals(null, tree.inclusion(7, 7L).checkpoint(), "nothing was signed at that size");
  }

  @Test
  void whatIsNotSealedHasNoProof() {
    for (long[] asked : new long[][] {
      {SIZE + 1L, -1}, {1, SIZE + 1L}, {5, 4}, {Long.MAX_VALUE, -1}, {1, Long.MAX_VALUE}
    }) {
      Long size = asked[1] < 0 ? null : asked[1];
      Refusal refused = assertThrows(Refusal.class, () -> tree.inclusion(asked[0], size));
      assertEquals(CommonProblem.NOT_FOUND, refused.problem());
      assertThrows(Refusal.class, () -> tree.consistency(asked[0], size));
    }
  }

  /** The migration makes the same tiles of an older log as the sealer. */
  @Test
  void anOlderLogGetsItsTiles() throws Exception {
    String all =
        "select md5(string_agg(level || '/' || number || md5(root) || md5(hashes), '' order by level, number)) from log_tile";
    String sealed = database.one(all);
    database.execute("drop table log_tile");
    database.script("db/migration/V205__log_tiles.sql");
    assertEquals(sealed, database.one(all));
  }

  /** Law 9, and tables changed behind the server's back: nothing more is sealed, and nothing is proven. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "delete from log_tile where level = 0 and number = 272",
        "delete from log_tile",
        "update log_tile set root = sha256('') where level = 0 and number = 270",
        "update log_tile set root = sha256('') where level = 1",
        "update log_leaf set hash = sha256('') where position = 70000",
        "delete from log_leaf where position > 69990",
        "update checkpoint set frontier = overlay(frontier placing sha256('x') from 1) where size = 70000"
      })
  void aTreeThatWentBackOrWasChangedIsRefused(String change) throws SQLException {
    try (Connection copy = database.dataSource().getConnection();
        var statement = copy.createStatement()) {
      for (String table :
          new String[] {"fact", "log_tile", "log_leaf", "checkpoint", "job_epoch"}) {
        statement.execute("create temp table kept_" + table + " as select * from " + table
            + (table.equals("log_leaf")
                ? " where position > 69000"
                : table.equals("fact") ? " where position > 70000" : ""));
      }
      try {
        database.tamper(change);
        database.numbered(1000);
        assertThrows(IllegalStateException.class, SealedTreeTest::run, change);
        assertEquals(Integer.toString(SIZE), database.one("select max(size) from checkpoint"));
      } finally {
        statement.execute("set session_replication_role = replica;"
            + "delete from fact where position > 70000; delete from log_leaf where position > 69000; delete from log_tile;"
            + "delete from checkpoint; delete from job_epoch");
        for (String table : new String[] {"log_tile", "log_leaf", "checkpoint", "job_epoch"}) {
          statement.execute("insert into " + table + " select * from kept_" + table);
        }
      }
    }
    assertEquals(SIZE, tree.inclusion(1, null).size(), "the log was not restored");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "update log_tile set hashes = overlay(hashes placing sha256('') from 33) where level = 0 and number = 3",
        "update log_tile set hashes = overlay(hashes placing sha256('') from 65) where level = 1",
        "delete from log_tile where level = 0 and number = 3",
        "delete from log_tile where level = 1"
      })
  void aChangedTileProvesNothing(String change) throws SQLException {
    try (Connection copy = database.dataSource().getConnection();
        var statement = copy.createStatement()) {
      statement.execute("create temp table kept_tile as select * from log_tile");
      try {
        database.tamper(change);
        assertThrows(RuntimeException.class, () -> tree.inclusion(3 * 256 + 1, null));
        assertThrows(RuntimeException.class, () -> tree.consistency(3 * 256 + 1, null));
      } finally {
        statement.execute("set session_replication_role = replica; delete from log_tile;"
            + "insert into log_tile select * from kept_tile");
      }
    }
    assertEquals(SIZE, tree.inclusion(3 * 256 + 1, null).size());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "update log_tile set number = 9999 where level = 1",
        "delete from log_tile where level = 1",
        "truncate log_tile"
      })
  void theDatabaseItselfRefusesToChangeTiles(String slip) {
    SQLException refused = assertThrows(SQLException.class, () -> database.execute(slip));
    assertTrue(refused.toString().contains("The log is never changed"), refused.toString());
  }

  /** However much somebody sends in, its fact fits an entry bundle. */
  @Test
  void noFactIsTooLargeForABundle() throws Exception {
    FactTable facts =
        new FactTable(Clock.systemUTC(), new Ids(Clock.systemUTC(), new SecureRandom()));
    String huge = "\u0001\"ü😀".repeat(50_000);
    Fact fact = Fact.of("test.huge", Actor.SERVER, "test", huge)
        .with("reason", huge)
        .with("other", huge)
        .with(huge, "x");
    try (Connection connection = database.dataSource().getConnection()) {
      connection.setAutoCommit(false);
      facts.insert(connection, fact);
      try (var statement = connection.createStatement();
          var row = statement.executeQuery(
              "select octet_length(leaf), subject, detail from fact_waiting where kind = 'test.huge'")) {
        assertTrue(row.next());
        assertTrue(row.getInt(1) <= FactTable.MOST_LEAF, row.getString(1));
        assertTrue(row.getString(2).contains("… ("), row.getString(2));
        assertFalse(row.getString(3).equals("{}"), "what fits is kept");
      }
      connection.rollback();
    }
  }
}
