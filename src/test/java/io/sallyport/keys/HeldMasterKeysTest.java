package io.sallyport.keys;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.MasterKeys.MasterKeyState;
import io.sallyport.testing.Patience;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeldMasterKeysTest {
  private static final SealedColumn COLUMN =
      SealedColumn.of("thing", "sealed", List.of("kind", "n"), "'thing ' || kind || n");
  private static final Duration TRANSIT = Duration.ofHours(8);

  @TempDir
  private static Path folder;

  private static KeyDatabase database;

  private final SecureRandom random = new SecureRandom();
  private final List<MasterKeyChange> changes = Collections.synchronizedList(new ArrayList<>());
  private final String first = key();
  private final String second = key();
  private final String third = key();
  private Instant now = Instant.parse("2026-06-01T12:00:00Z");

  @BeforeAll
  static void startDatabase() throws Exception {
    database = KeyDatabase.start(folder);
    database.execute(
        "create table thing (kind text, n integer, sealed bytea, primary key (kind, n))");
  }

  @AfterAll
  static void stopDatabase() {
    database.close();
  }

  @BeforeEach
  void empty() throws SQLException {
    database.execute("delete from master_key; delete from signing_key; delete from thing");
  }

  private String key() {
    byte[] octets = new byte[32];
    random.nextBytes(octets);
    return Base64.getEncoder().encodeToString(octets);
  }

  private static String id(String key) {
    return new MasterKey(Base64.getDecoder().decode(key)).id();
  }

  /** A node of its own, with a master key file of its own. */
  private final class Node {
    final Path file;
    final HeldMasterKeys keys;

    Node(String... held) {
      this.file = folder.resolve(UUID.randomUUID() + ".key");
      write(held);
      this.keys = new HeldMasterKeys(
          new Settings(Optional.empty(), Optional.of(file.toString())),
          database.dataSource(),
          database,
          changes::add,
          List.of(COLUMN),
          List.of(new SealedInTransit("sessions", TRANSIT)),
          random,
          clock());
    }

    void write(String... held) {
      text(String.join("\n", held) + "\n");
    }

    void text(String text) {
      try {
        Files.deleteIfExists(file);
        Files.createFile(
            file,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(file, text);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    Node read() {
      keys.read();
      return this;
    }

    byte[] seal(String secret, String context) {
      return keys.seal(octets(secret), context);
    }

    String unseal(byte[] sealed, String context) {
      return new String(keys.unseal(sealed, context), StandardCharsets.UTF_8);
    }

    MasterKeyState state(String key) {
      return keys.standing().keys().stream()
          .filter(state -> state.id().equals(id(key)))
          .findFirst()
          .orElseThrow();
    }
  }

  private record Settings(Optional<String> masterKey, Optional<String> masterKeyFile)
      implements KeySettings {}

  private Clock clock() {
    return new Clock() {
      @Override
      public java.time.ZoneId getZone() {
        return ZoneOffset.UTC;
      }

      @Override
      public Clock withZone(java.time.ZoneId zone) {
        return this;
      }

      @Override
      public Instant instant() {
        return now;
      }
    };
  }

  private static byte[] octets(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** As the server sealed before master keys had ids. */
  private static byte[] former(String key, byte[] nonce, String secret, String context)
      throws Exception {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(
        Cipher.ENCRYPT_MODE,
        new SecretKeySpec(Base64.getDecoder().decode(key), "AES"),
        new GCMParameterSpec(128, nonce));
    cipher.updateAAD(octets(context));
    byte[] encrypted = cipher.doFinal(octets(secret));
    byte[] sealed = Arrays.copyOf(nonce, nonce.length + encrypted.length);
    System.arraycopy(encrypted, 0, sealed, nonce.length, encrypted.length);
    return sealed;
  }

  private void store(Node node, int count) throws SQLException {
    try (Connection connection = database.connect();
        PreparedStatement insert =
            connection.prepareStatement("insert into thing (kind, n, sealed) values ('x', ?, ?)")) {
      for (int n = 0; n < count; n++) {
        insert.setInt(1, n);
        insert.setBytes(2, node.seal("secret " + n, "secret:thing x" + n));
        insert.addBatch();
      }
      insert.executeBatch();
    }
  }

  private void requireReadable(Node node, int count) throws SQLException {
    List<byte[]> values = database.octets("select sealed from thing where kind = 'x' order by n");
    assertEquals(count, values.size());
    for (int n = 0; n < count; n++) {
      assertEquals("secret " + n, node.unseal(values.get(n), "secret:thing x" + n));
    }
  }

  private static void requireMasterKeyRefusal(Refusal refusal, String... words) {
    assertEquals(KeysProblem.MASTER_KEY, refusal.problem());
    for (String word : words) {
      assertTrue(refusal.detail().contains(word), refusal.detail());
    }
  }

  @Nested
  class Sealed {
    @Test
    void isOpenedForTheSameContextOnly() {
      Node node = new Node(first).read();
      byte[] sealed = node.seal("secret", "row 1");

      assertEquals("secret", node.unseal(sealed, "row 1"));
      assertThrows(IllegalStateException.class, () -> node.unseal(sealed, "row 2"));
      assertFalse(Arrays.equals(sealed, node.seal("secret", "row 1")));
    }

    @Test
    void isNotOpenedWhenAnyOctetWasAltered() {
      Node node = new Node(first, second).read();
      byte[] sealed = node.seal("secret", "row 1");

      for (int i = 0; i < sealed.length; i++) {
        byte[] altered = sealed.clone();
        altered[i] ^= 1;
        assertThrows(
            IllegalStateException.class, () -> node.unseal(altered, "row 1"), "octet " + i);
      }
    }

    @Test
    void isNotOpenedWhenItIsCutShort() {
      Node node = new Node(first).read();
      byte[] sealed = node.seal("secret", "row 1");

      for (int length = 0; length < sealed.length; length++) {
        byte[] cut = Arrays.copyOf(sealed, length);
        assertThrows(IllegalStateException.class, () -> node.unseal(cut, "row 1"));
      }
    }

    @Test
    void isOpenedInTheFormerFormatByWhicheverKeyItWas() throws Exception {
      byte[] nonce = new byte[12];
      random.nextBytes(nonce);
      Node node = new Node(second, first).read();

      assertEquals("old", node.unseal(former(first, nonce, "old", "row 1"), "row 1"));
      assertThrows(
          IllegalStateException.class,
          () -> node.unseal(former(third, nonce, "old", "row 1"), "row 1"));
    }

    @Test
    void isOpenedInTheFormerFormatWhenItsNonceLooksLikeAHeader() throws Exception {
      Node node = new Node(first).read();
      byte[] nonce = Arrays.copyOf(new MasterKey(Base64.getDecoder().decode(first)).header(), 12);

      assertEquals("old", node.unseal(former(first, nonce, "old", "row 1"), "row 1"));
    }
  }

  @Nested
  class File {
    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "\n\n",
          "not base64!",
          "AAAA",
          "FIRST\nAAAA",
          "FIRST\nFIRST",
          "FIRST SECOND",
          "FIRST\n# a comment"
        })
    void thatCannotBeTakenUpIsRefusedAndWhatWasHeldStays(String text) {
      Node node = new Node(first).read();
      byte[] sealed = node.seal("secret", "row 1");
      node.text(text.replace("FIRST", first).replace("SECOND", second));

      requireMasterKeyRefusal(assertThrows(Refusal.class, node.keys::read));

      assertEquals("secret", node.unseal(sealed, "row 1"));
    }

    @Test
    void isRefusedAtEveryLengthThatACutOffWriteLeaves() {
      Node node = new Node(first).read();
      String whole = second + "\n" + first + "\n";

      for (int length = 0; length < whole.length() - 2; length++) {
        node.text(whole.substring(0, length));
        requireMasterKeyRefusal(assertThrows(Refusal.class, node.keys::read));
      }
      assertEquals(1, node.keys.standing().keys().size());
    }

    @Test
    void thatOthersCanReadIsRefused() throws IOException {
      Node node = new Node(first);
      Files.setPosixFilePermissions(node.file, PosixFilePermissions.fromString("rw-r-----"));

      requireMasterKeyRefusal(assertThrows(Refusal.class, node.keys::read), "chmod 600");
    }

    @Test
    void thatIsGoneOrTooLongIsRefused() throws IOException {
      Node node = new Node(first);
      Files.delete(node.file);
      requireMasterKeyRefusal(assertThrows(Refusal.class, node.keys::read), "copy");

      node.text(first + "\n" + " ".repeat(5000));
      requireMasterKeyRefusal(assertThrows(Refusal.class, node.keys::read));
    }

    @Test
    void takesManyKeysButNotAnyNumber() {
      Node node =
          new Node(Stream.generate(HeldMasterKeysTest.this::key).limit(9).toArray(String[]::new));

      requireMasterKeyRefusal(assertThrows(Refusal.class, node.keys::read), "8");
    }

    @Test
    void mayBeASettingWithCommasAndSpaces() {
      MasterKeySource source = new MasterKeySource(
          new Settings(Optional.of(second + ", " + first + "\n" + third), Optional.empty()));

      assertEquals(
          List.of(id(second), id(first), id(third)),
          source.read().stream().map(MasterKey::id).toList());
    }
  }

  @Nested
  class Start {
    @Test
    void withAnotherKeyThanTheDatabaseWasBegunWithIsRefused() {
      new Node(first).read();

      requireMasterKeyRefusal(
          assertThrows(Refusal.class, () -> new Node(second).read()),
          id(first),
          id(second),
          "copy");
    }

    @Test
    void onADatabaseFromBeforeIdsFindsTheKeyThatOpensIt() throws Exception {
      UUID key = UUID.randomUUID();
      byte[] nonce = new byte[12];
      try (Connection connection = database.connect();
          PreparedStatement insert = connection.prepareStatement(
              "insert into signing_key values (?, 'EC_P256', 'x', ''::bytea, ?, now())")) {
        insert.setObject(1, key);
        insert.setBytes(2, former(first, nonce, "private", "key:" + key));
        insert.executeUpdate();
      }

      requireMasterKeyRefusal(assertThrows(Refusal.class, () -> new Node(second).read()));
      Node upgraded = new Node(second, first).read();

      assertTrue(upgraded.keys.unfinished());
      assertTrue(upgraded.state(second).current());
      assertEquals(1, upgraded.keys.standing().formerFormat());
      upgraded.keys.reseal(() -> true);
      assertEquals(0, upgraded.keys.standing().formerFormat());
      assertEquals(
          "private",
          upgraded.unseal(
              database.octets("select sealed_private_key from signing_key").getFirst(),
              "key:" + key));
    }

    @Test
    void ofTwoNodesAtOnceWithDifferentKeysLetsOneIn() throws Exception {
      List<Node> nodes = List.of(new Node(first), new Node(second), new Node(third));
      List<Future<Boolean>> started = new ArrayList<>();
      try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
        nodes.forEach(node -> started.add(threads.submit(() -> {
          try {
            node.read();
            return true;
          } catch (Refusal refused) {
            return false;
          }
        })));
      }

      long in = started.stream().filter(Future::resultNow).count();
      assertEquals(1, in);
    }
  }

  @Nested
  class Rotation {
    @Test
    void sealsEverythingAgainAndSaysWhenTheFormerKeyIsDoneWith() throws Exception {
      Node node = new Node(first).read();
      store(node, 1203);
      byte[] handedOut = node.seal("handed out", "transit");
      node.write(second, first);
      Instant replaced = now;
      node.read();

      assertTrue(node.keys.unfinished());
      assertFalse(node.keys.reseal(() -> true), "a transaction from before may still be under way");
      assertNull(node.state(first).neededUntil());
      now = now.plusSeconds(61);
      assertTrue(node.keys.reseal(() -> true));

      assertFalse(node.keys.unfinished());
      requireReadable(node, 1203);
      assertEquals(0, node.state(first).values());
      assertEquals(1203, node.state(second).values());
      assertEquals(replaced.plus(TRANSIT), node.state(first).neededUntil());
      assertEquals("handed out", node.unseal(handedOut, "transit"));
      assertEquals(
          1203,
          changes.stream()
              .map(change -> change instanceof MasterKeyChange.Resealed done ? done.values() : 0)
              .mapToInt(Integer::intValue)
              .sum());
      assertEquals(new MasterKeyChange.Retired(id(first), 0), changes.getLast());
      node.write(second);
      node.read();
      requireReadable(node, 1203);
    }

    @Test
    void doesNotLetAKeyGoThatIsStillNeeded() {
      Node node = new Node(first).read();
      node.write(second, first);
      node.read();
      node.write(second);

      requireMasterKeyRefusal(assertThrows(Refusal.class, node.keys::read), id(first));

      assertTrue(node.state(first).held());
    }

    @Test
    void isNotUndoneByANodeWithTheFormerOrder() {
      Node node = new Node(first).read();
      Node behind = new Node(first, second);
      node.write(second, first);
      node.read();

      behind.read();

      assertEquals(id(second), MasterKey.idIn(behind.seal("x", "y")));
      assertEquals(2, behind.keys.standing().keys().size());
    }

    @Test
    void reachesANodeWhoseFileComesLater() {
      Node node = new Node(first).read();
      Node late = new Node(first).read();
      node.write(second, first);
      node.read();
      byte[] sealed = node.seal("secret", "row 1");

      Refusal refusal = assertThrows(Refusal.class, () -> late.unseal(sealed, "row 1"));
      assertEquals(CommonProblem.UNAVAILABLE, refusal.problem());
      assertTrue(refusal.detail().contains(id(second)), refusal.detail());
      requireMasterKeyRefusal(assertThrows(Refusal.class, late.keys::read));
      late.write(second, first);

      Patience.untilTrue("the late node opens it by itself", () -> {
        try {
          return late.unseal(sealed, "row 1").equals("secret");
        } catch (Refusal notYet) {
          return false;
        }
      });
    }

    @Test
    void isNotAskedForByStrangers() {
      Node node = new Node(first).read();
      byte[] sealed = new Node(first).read().seal("secret", "row 1");
      byte[] strange = sealed.clone();
      strange[2] ^= 1;

      assertThrows(IllegalStateException.class, () -> node.unseal(strange, "row 1"));
    }

    @Test
    void goesOnAfterACrashInTheMiddle() throws Exception {
      Node node = new Node(first).read();
      store(node, 1100);
      node.write(second, first);
      node.read();
      AtomicInteger batches = new AtomicInteger();

      assertFalse(node.keys.reseal(() -> batches.incrementAndGet() < 4));

      long half = node.state(second).values();
      assertTrue(half > 0 && half < 1100, half + " values");
      requireReadable(node, 1100);
      Node next = new Node(second, first).read();
      assertTrue(next.keys.unfinished());
      now = now.plusSeconds(61);
      assertTrue(next.keys.reseal(() -> true));
      requireReadable(next, 1100);
      assertTrue(next.keys.reseal(() -> true), "again, with nothing to do");
      requireReadable(next, 1100);
    }

    @Test
    void leavesAnAlteredValueAndTellsOfIt() throws Exception {
      Node node = new Node(first).read();
      store(node, 3);
      // Two rows that somebody swapped.
      database.execute("""
          update thing a set sealed = b.sealed from thing b
          where a.n < 2 and b.n = 1 - a.n and a.kind = 'x'""");
      node.write(second, first);
      node.read();
      now = now.plusSeconds(61);

      assertTrue(node.keys.reseal(() -> true));

      assertEquals(new MasterKeyChange.Retired(id(first), 2), changes.getLast());
      assertEquals(2, node.state(first).values());
      assertNull(node.state(first).neededUntil());
    }

    @Test
    void byTwoNodesAtOnceWhileOthersReadAndWriteLosesNothing() throws Exception {
      Node one = new Node(first).read();
      store(one, 1500);
      one.write(second, first);
      one.read();
      Node two = new Node(second, first).read();
      Node busy = new Node(first, second).read();
      AtomicBoolean resealing = new AtomicBoolean(true);
      now = now.plusSeconds(61);
      try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
        Future<?> traffic = threads.submit(() -> {
          int n = 0;
          do {
            int row = n++ % 1500;
            byte[] fresh = busy.seal("secret " + row, "secret:thing x" + row);
            try (Connection connection = database.connect();
                PreparedStatement update =
                    connection.prepareStatement("update thing set sealed = ? where n = ?")) {
              update.setBytes(1, fresh);
              update.setInt(2, row);
              update.executeUpdate();
            }
          } while (resealing.get());
          return null;
        });
        Future<Boolean> left = threads.submit(() -> one.keys.reseal(() -> true));
        Future<Boolean> right = threads.submit(() -> two.keys.reseal(() -> true));
        left.get();
        right.get();
        resealing.set(false);
        traffic.get();
      }

      Patience.untilTrue("what was locked is sealed too", () -> one.keys.reseal(() -> true));
      requireReadable(two, 1500);
      assertEquals(0, one.state(first).values());
      assertEquals(
          1,
          changes.stream()
              .filter(change -> change.equals(new MasterKeyChange.Retired(id(first), 0)))
              .count());
    }

    @Test
    void mayFollowAnother() throws Exception {
      Node node = new Node(first).read();
      store(node, 5);
      node.write(second, first);
      node.read();
      node.write(third, second, first);
      node.read();
      now = now.plusSeconds(61);

      assertTrue(node.keys.reseal(() -> true));

      node.write(third);
      node.read();
      requireReadable(node, 5);
      assertEquals(
          List.of(id(third), id(second), id(first)),
          node.keys.standing().keys().stream()
              .map(MasterKeyState::id)
              .collect(Collectors.toList()));
    }
  }

  @Test
  void theIdTellsKeysApartAndNothingElse() {
    assertNotEquals(id(first), id(second));
    assertEquals(id(first), id(first));
    assertArrayEquals(new MasterKey(new byte[32]).header(), new MasterKey(new byte[32]).header());
  }
}
