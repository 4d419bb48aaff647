package io.sallyport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.cli.LogVerdict.Fault;
import io.sallyport.cli.LogVerifier.Checkpoint;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.MerkleCheckpoint;
import io.sallyport.kernel.MerkleFrontier;
import io.sallyport.kernel.MerkleLeaf;
import io.sallyport.kernel.SignedNote;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.BeforeTry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LogVerifierTest {
  private static final int FACTS = 20;
  private static final Set<Integer> SIZES = Set.of(3, 8, 17);
  private static final LogKeyPair KEY = new LogKeyPair("test.example/log");

  private final List<ShownFact> entries = new ArrayList<>();
  private final List<Checkpoint> checkpoints = new ArrayList<>();

  LogVerifierTest() {
    restore();
  }

  @BeforeTry
  void restore() {
    entries.clear();
    checkpoints.clear();
    for (int i = 1; i <= FACTS; i++) {
      entries.add(entry(i, "subject-" + i));
    }
    checkpoints.addAll(sealed(entries, SIZES, KEY));
  }

  @Test
  void anUntouchedLogHoldsAndWhatCouldNotBeExcludedIsSaid() {
    LogVerdict verdict = verify();
    assertTrue(verdict.ok());
    assertEquals(FACTS, verdict.facts());
    assertEquals(17, verdict.covered());
    assertTrue(
        verdict.notExcluded().getFirst().startsWith("A change to facts 18 to 20:"),
        verdict.toString());
    assertTrue(verdict.notExcluded().get(1).contains("together with its key"), verdict.toString());
  }

  @Test
  void anEmptyLogHolds() {
    entries.clear();
    checkpoints.clear();
    assertTrue(verify().ok());
  }

  @ParameterizedTest
  @EnumSource(Field.class)
  void anAlteredFieldIsFoundWhereverItStands(Field field) {
    for (int i = 0; i < FACTS; i++) {
      ShownFact kept = entries.set(i, field.altered(entries.get(i)));
      assertFinding(i + 1, Fault.ALTERED);
      entries.set(i, kept);
    }
  }

  @Property(tries = 60)
  void aFactReplacedTogetherWithLeafAndHashIsFoundByTheNextCheckpoint(
      @ForAll @IntRange(min = 1, max = 17) int position) {
    entries.set(position - 1, entry(position, "somebody else"));
    int from = position <= 3 ? 1 : position <= 8 ? 4 : 9;
    assertFinding(from, Fault.ROOT_MISMATCH);
  }

  @Test
  void aFactReplacedTogetherWithItsLeafAloneIsNamed() {
    ShownFact old = entries.get(9);
    entries.set(9, with(entry(10, "somebody else"), old.hash()));
    assertFinding(10, Fault.ALTERED);
  }

  @Property(tries = 60)
  void aRemovedFactIsFound(@ForAll @IntRange(min = 1, max = 17) int position) {
    entries.remove(position - 1);
    assertFinding(position, Fault.MISSING);
  }

  @Test
  void aRemovedFactIsFoundWhenTheOthersMoveUp() {
    List<Digest> hashes = entries.stream().map(ShownFact::hash).toList();
    entries.remove(4);
    for (int i = 0; i < entries.size(); i++) {
      entries.set(i, with(at(entries.get(i), i + 1), hashes.get(i)));
    }
    assertFinding(5, Fault.MISSING);
  }

  @Test
  void factsCutOffTheEndAreMissedByTheCheckpoint() {
    entries.subList(10, FACTS).clear();
    assertFinding(11, Fault.MISSING);
  }

  @Property(tries = 60)
  void swappedRowsAreFound(
      @ForAll @Size(2) Set<@IntRange(min = 1, max = FACTS) Integer> positions) {
    int low = Collections.min(positions);
    int high = Collections.max(positions);
    Collections.swap(entries, low - 1, high - 1);
    assertFinding(low, Fault.MISSING); // the list jumps from one position to a later one

    // The same with positions exchanged in the table, where the hashes of the sealed leaves stay
    // behind.
    ShownFact first = entries.get(low - 1);
    ShownFact second = entries.get(high - 1);
    entries.set(low - 1, with(at(first, low), second.hash()));
    entries.set(high - 1, with(at(second, high), first.hash()));
    assertFinding(low, Fault.REORDERED);
  }

  @Test
  void aRepeatedRowIsFound() {
    entries.add(5, entries.get(4));
    assertFinding(6, Fault.REORDERED);
  }

  @Test
  void aCheckpointThatTheKeyDidNotSignIsFound() {
    checkpoints.set(
        1, sealed(entries, Set.of(8), new LogKeyPair("test.example/log")).getFirst());
    assertFinding(4, Fault.BAD_CHECKPOINT);
  }

  @Test
  void aCheckpointThatShowsAnotherRootThanItSignedIsFound() {
    Checkpoint old = checkpoints.get(1);
    checkpoints.set(1, new Checkpoint(old.size(), Digest.of(), old.note()));
    assertFinding(4, Fault.BAD_CHECKPOINT);
    checkpoints.set(1, new Checkpoint(old.size(), old.root(), "nonsense"));
    assertFinding(4, Fault.BAD_CHECKPOINT);
  }

  @Test
  void aCheckpointThatComesAgainIsFound() {
    checkpoints.add(1, checkpoints.getFirst());
    assertFinding(4, Fault.BAD_CHECKPOINT);
  }

  @Test
  void aHistoryRewrittenAndSignedAnewIsFoundByAnEarlierCheckpointOnly() {
    String earlier = sealed(entries, Set.of(10), KEY).getFirst().note();
    String before = sealed(entries, Set.of(5), KEY).getFirst().note();
    entries.set(6, entry(7, "somebody else"));
    checkpoints.clear();
    checkpoints.addAll(sealed(entries, SIZES, KEY));
    assertTrue(verify().ok());
    assertFinding(1, Fault.REWRITTEN, earlier);
    assertFinding(6, Fault.REWRITTEN, earlier, before);
    assertTrue(verify(before).ok());
  }

  @Test
  void anEarlierCheckpointThatTheLogStillHasIsAgreedWithWhateverItsSize() {
    for (int size = 1; size <= FACTS; size++) {
      LogVerdict verdict = verify(sealed(entries, Set.of(size), KEY).getFirst().note());
      assertNull(verdict.finding());
      assertEquals(Math.max(17, size), verdict.covered());
    }
  }

  @Test
  void aLogCutShortTogetherWithItsCheckpointsIsFoundByAnEarlierOne() {
    String earlier = checkpoints.getLast().note();
    entries.subList(8, FACTS).clear();
    checkpoints.removeLast();
    assertTrue(verify().ok());
    assertFinding(9, Fault.MISSING, earlier);
  }

  @Test
  void aLogBegunAnewWithAnotherKeyIsFoundByAnEarlierCheckpoint() {
    String foreign = sealed(entries, Set.of(8), new LogKeyPair("test.example/log"))
        .getFirst()
        .note();
    assertFinding(1, Fault.REWRITTEN, foreign);
  }

  @Test
  void whatIsNoCheckpointOrKeyIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> verify("not a note"));
    assertThrows(
        IllegalArgumentException.class, () -> new LogVerifier("not a key", true, List.of()));
  }

  private LogVerdict verify(String... earlier) {
    return new LogVerifier(KEY.key.toString(), false, List.of(earlier))
        .verify(entries.iterator(), checkpoints.iterator());
  }

  private void assertFinding(long position, Fault fault, String... earlier) {
    LogVerdict verdict = verify(earlier);
    assertFalse(verdict.ok());
    LogVerdict.Finding finding = verdict.finding();
    assertNotNull(finding);
    assertEquals(
        position + " " + fault, finding.position() + " " + finding.fault(), finding.sentence());
    assertEquals(position - 1, verdict.facts());
  }

  private static ShownFact entry(long position, String subject) {
    UUID id = new UUID(0x7000, position);
    Instant at = Instant.ofEpochSecond(1_800_000_000 + position);
    Map<String, String> detail = Map.of("reason", "reason " + position);
    MerkleLeaf leaf =
        MerkleLeaf.of(id, at, "device.quarantined", "operator:admin", "device", subject, detail);
    return new ShownFact(
        position,
        id,
        at,
        "device.quarantined",
        "operator:admin",
        "device",
        subject,
        detail,
        leaf,
        leaf.hash());
  }

  private static ShownFact at(ShownFact e, long position) {
    return new ShownFact(
        position,
        e.id(),
        e.at(),
        e.kind(),
        e.actor(),
        e.subjectType(),
        e.subject(),
        e.detail(),
        e.leaf(),
        e.hash());
  }

  private static ShownFact with(ShownFact e, Digest hash) {
    return new ShownFact(
        e.position(),
        e.id(),
        e.at(),
        e.kind(),
        e.actor(),
        e.subjectType(),
        e.subject(),
        e.detail(),
        e.leaf(),
        hash);
  }

  private static List<Checkpoint> sealed(
      List<ShownFact> entries, Set<Integer> sizes, LogKeyPair key) {
    List<Checkpoint> sealed = new ArrayList<>();
    MerkleFrontier tree = MerkleFrontier.EMPTY;
    for (ShownFact entry : entries) {
      tree = tree.append(entry.hash());
      if (sizes.contains((int) tree.size())) {
        String text = new MerkleCheckpoint(key.key.name(), tree.size(), tree.root()).text();
        sealed.add(new Checkpoint(
            tree.size(), tree.root(), key.key.note(text, key.sign(text)).toString()));
      }
    }
    return sealed;
  }

  /** Each column of an entry, changed a little. */
  enum Field {
    ID,
    AT,
    KIND,
    ACTOR,
    SUBJECT_TYPE,
    SUBJECT,
    DETAIL_VALUE,
    DETAIL_ADDED,
    DETAIL_REMOVED,
    LEAF,
    HASH;

    ShownFact altered(ShownFact e) {
      Map<String, String> detail = switch (this) {
        case DETAIL_VALUE -> Map.of("reason", "another");
        case DETAIL_ADDED -> Map.of("reason", e.detail().getOrDefault("reason", ""), "more", "");
        case DETAIL_REMOVED -> Map.of();
        case ID, AT, KIND, ACTOR, SUBJECT_TYPE, SUBJECT, LEAF, HASH -> e.detail();
      };
      return new ShownFact(
          e.position(),
          this == ID ? new UUID(1, 1) : e.id(),
          this == AT ? e.at().plusNanos(1) : e.at(),
          this == KIND ? "device.released" : e.kind(),
          this == ACTOR ? "operator:eve" : e.actor(),
          this == SUBJECT_TYPE ? "policy" : e.subjectType(),
          this == SUBJECT ? e.subject() + " " : e.subject(),
          detail,
          this == LEAF ? MerkleLeaf.ofOctets(new byte[0]) : e.leaf(),
          this == HASH ? Digest.of() : e.hash());
    }
  }

  /** A key that signs notes, for tests. */
  private static final class LogKeyPair {
    final SignedNote.VerifierKey key;
    private final KeyPair pair;

    LogKeyPair(String name) {
      try {
        pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
      key = SignedNote.VerifierKey.of(name, Der.of(pair.getPublic().getEncoded()));
    }

    byte[] sign(String text) {
      try {
        Signature ed25519 = Signature.getInstance("Ed25519");
        ed25519.initSign(pair.getPrivate());
        ed25519.update(text.getBytes(StandardCharsets.UTF_8));
        return ed25519.sign();
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
