package io.sallyport.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tiles and proofs against the definitions of RFC 6962 §2.1, written down once more without any cleverness. */
class MerkleProofTest {
  /** Three tiles of level 0 and one hash of level 1 more than what is tested beside it. */
  private static final int MOST = 1100;

  private static final List<Digest> LEAVES = leaves(MOST);

  @Property(tries = 150)
  void rootAndProofsFromTilesAreThoseOfTheDefinition(
      @ForAll @IntRange(min = 1, max = MOST) int size, @ForAll @IntRange(max = MOST - 1) int pick) {
    List<Digest> leaves = LEAVES.subList(0, size);
    TiledTree tree = new TiledTree(size, new Tiles(size));
    int index = pick % size;
    int old = pick % (size + 1);

    assertEquals(root(leaves), tree.root());
    assertEquals(leaves.get(index), tree.leaf(index));
    assertEquals(path(index, leaves), tree.inclusion(index));
    assertEquals(old == 0 ? List.of() : subproof(old, leaves, true), tree.consistency(old));
  }

  @Property(tries = 150)
  void aProofIsAcceptedAndAnyOtherIsNot(
      @ForAll @IntRange(min = 1, max = MOST) int size, @ForAll @IntRange(max = MOST - 1) int pick) {
    TiledTree tree = new TiledTree(size, new Tiles(size));
    Digest root = tree.root();
    int index = pick % size;
    Digest leaf = LEAVES.get(index);
    List<Digest> proof = tree.inclusion(index);

    assertTrue(MerkleProof.includes(leaf, index, size, proof, root));
    for (List<Digest> other : altered(proof)) {
      assertFalse(MerkleProof.includes(leaf, index, size, other, root), other::toString);
    }
    assertFalse(MerkleProof.includes(Digest.of(), index, size, proof, root));
    assertFalse(
        MerkleProof.includes(leaf, index, size, proof, leaf.equals(root) ? Digest.of() : leaf));
    for (int elsewhere : new int[] {-1, index - 1, index + 1, size, size + index}) {
      assertFalse(MerkleProof.includes(leaf, elsewhere, size, proof, root), "at " + elsewhere);
    }
  }

  @Property(tries = 150)
  void aTreeIsShownToGoOnFromAnotherAndFromNoOther(
      @ForAll @IntRange(min = 1, max = MOST) int size, @ForAll @IntRange(max = MOST - 1) int pick) {
    int old = 1 + pick % size;
    TiledTree tree = new TiledTree(size, new Tiles(size));
    Digest root = tree.root();
    Digest oldRoot = root(LEAVES.subList(0, old));
    List<Digest> proof = tree.consistency(old);

    assertTrue(MerkleProof.consistent(old, oldRoot, size, root, proof));
    for (List<Digest> other : altered(proof)) {
      assertFalse(MerkleProof.consistent(old, oldRoot, size, root, other), other::toString);
    }
    assertFalse(MerkleProof.consistent(old, Digest.of(), size, root, proof));
    assertFalse(MerkleProof.consistent(old, oldRoot, size, Digest.of(), proof));
    assertFalse(MerkleProof.consistent(-old, oldRoot, size, root, proof));
    assertFalse(MerkleProof.consistent(size + 1, oldRoot, size, root, proof));
    if (old != size) {
      assertFalse(MerkleProof.consistent(size, oldRoot, old, root, proof));
      List<Digest> rewritten = new ArrayList<>(LEAVES.subList(0, old));
      rewritten.set(pick % old, Digest.of());
      assertFalse(MerkleProof.consistent(old, root(rewritten), size, root, proof));
    }
  }

  @Test
  void everythingGoesOnFromTheEmptyTree() {
    assertTrue(MerkleProof.consistent(0, Digest.of(), 0, Digest.of(), List.of()));
    assertTrue(MerkleProof.consistent(0, Digest.of(), 3, root(LEAVES.subList(0, 3)), List.of()));
    assertFalse(MerkleProof.consistent(0, LEAVES.getFirst(), 3, LEAVES.getLast(), List.of()));
    assertFalse(MerkleProof.consistent(0, Digest.of(), 3, LEAVES.getLast(), LEAVES.subList(0, 1)));
    assertEquals(Digest.of(), new TiledTree(0, new Tiles(0)).root());
  }

  /** Roots of perfect trees alone make up the tiles of a tree that no memory holds. */
  @Test
  void treesOfAnySizeHaveProofs() {
    Digest[] perfect = new Digest[63];
    perfect[0] = LEAVES.getFirst();
    for (int height = 1; height < perfect.length; height++) {
      perfect[height] = MerkleFrontier.parent(perfect[height - 1], perfect[height - 1]);
    }
    TiledTree.Tiles same = tile -> {
      ByteArrayOutputStream hashes = new ByteArrayOutputStream();
      for (int i = 0; i < tile.width(); i++) {
        hashes.writeBytes(perfect[MerkleTile.HEIGHT * tile.level()].octets());
      }
      return hashes.toByteArray();
    };
    long size = Long.MAX_VALUE;
    TiledTree tree = new TiledTree(size, same);
    for (long index : new long[] {0, 1L << 40, size - 2, size - 1}) {
      assertTrue(MerkleProof.includes(perfect[0], index, size, tree.inclusion(index), tree.root()));
    }
    for (long old : new long[] {1, 1L << 40, (1L << 40) + 12345, size - 1, size}) {
      assertTrue(MerkleProof.consistent(
          old, new TiledTree(old, same).root(), size, tree.root(), tree.consistency(old)));
    }
    assertTrue(tree.inclusion(size - 1).size() <= 63, "no witness takes more");
  }

  @Test
  void whatIsNotInTheTreeHasNoProof() {
    TiledTree tree = new TiledTree(5, new Tiles(5));
    assertThrows(IllegalArgumentException.class, () -> tree.inclusion(5));
    assertThrows(IllegalArgumentException.class, () -> tree.inclusion(-1));
    assertThrows(IllegalArgumentException.class, () -> tree.leaf(5));
    assertThrows(IllegalArgumentException.class, () -> tree.consistency(6));
    assertThrows(IllegalArgumentException.class, () -> tree.consistency(-1));
    assertThrows(IllegalArgumentException.class, () -> new TiledTree(-1, new Tiles(0)));
    TiledTree broken = new TiledTree(5, tile -> new byte[31]);
    assertThrows(IllegalStateException.class, broken::root);
  }

  @ParameterizedTest
  @CsvSource({
    "000,              0,       256",
    "001.p/1,          1,         1",
    "255.p/255,        255,     255",
    "x001/000,         1000,    256",
    "x001/x234/067,    1234067, 256",
    "x999/x999/x999/x999/999.p/9, 999999999999999, 9"
  })
  void aTileHasOneName(String path, long number, int width) {
    MerkleTile tile = new MerkleTile(0, number, width);
    assertEquals(path, tile.path());
    assertEquals(tile, MerkleTile.parse(0, path));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "0",
        "00",
        "0000",
        "1",
        "-01",
        "+01",
        "000/",
        "/000",
        "x000/001",
        "001/000",
        "x001",
        "x001/x000",
        "000.p",
        "000.p/",
        "000.p/0",
        "000.p/256",
        "000.p/-1",
        "000.p/01",
        "000.p/999999999999",
        "000.p/1/",
        "000.p/1.p/1",
        "x999/x999/x999/x999/x999/x999/999",
        "../000",
        "x001/../000",
        "00a",
        "٠٠٠",
        " 000",
        "000 ",
        "x001//000",
        "000%2e",
        "x-01/000"
      })
  void anythingElseNamesNoTile(String path) {
    assertThrows(IllegalArgumentException.class, () -> MerkleTile.parse(0, path));
  }

  @Test
  void aTileIsWithinTheTreesThatHaveAllItsHashes() {
    assertTrue(new MerkleTile(0, 273, 112).within(70_000));
    assertFalse(new MerkleTile(0, 273, 113).within(70_000));
    assertTrue(new MerkleTile(1, 1, 17).within(70_000));
    assertFalse(new MerkleTile(1, 1, 18).within(70_000));
    assertTrue(new MerkleTile(2, 0, 1).within(70_000));
    assertFalse(new MerkleTile(3, 0, 1).within(70_000));
    assertFalse(new MerkleTile(0, Long.MAX_VALUE, 1).within(Long.MAX_VALUE));
    assertThrows(IllegalArgumentException.class, () -> MerkleTile.parse(8, "000"));
    assertThrows(IllegalArgumentException.class, () -> MerkleTile.parse(-1, "000"));
  }

  private static List<List<Digest>> altered(List<Digest> proof) {
    List<List<Digest>> altered = new ArrayList<>();
    for (int i = 0; i < proof.size(); i++) {
      List<Digest> changed = new ArrayList<>(proof);
      byte[] octets = changed.get(i).octets();
      octets[i % octets.length] ^= 1;
      changed.set(i, Digest.ofOctets(octets));
      altered.add(changed);
      List<Digest> shorter = new ArrayList<>(proof);
      shorter.remove(i);
      altered.add(shorter);
      if (i > 0 && !proof.get(i).equals(proof.get(i - 1))) {
        List<Digest> swapped = new ArrayList<>(proof);
        Collections.swap(swapped, i - 1, i);
        altered.add(swapped);
      }
    }
    List<Digest> longer = new ArrayList<>(proof);
    longer.add(Digest.of());
    altered.add(longer);
    return altered;
  }

  private static List<Digest> leaves(int count) {
    List<Digest> leaves = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      leaves.add(MerkleFrontier.leafHash(Integer.toString(i).getBytes(StandardCharsets.UTF_8)));
    }
    return List.copyOf(leaves);
  }

  /** The tiles of the tree of the first {@code size} leaves, made level by level. */
  private static final class Tiles implements TiledTree.Tiles {
    private final Map<MerkleTile, byte[]> tiles = new HashMap<>();

    Tiles(int size) {
      List<Digest> hashes = LEAVES.subList(0, size);
      for (int level = 0; !hashes.isEmpty(); level++) {
        List<Digest> above = new ArrayList<>();
        for (int from = 0; from < hashes.size(); from += MerkleTile.WIDTH) {
          List<Digest> some =
              hashes.subList(from, Math.min(hashes.size(), from + MerkleTile.WIDTH));
          ByteArrayOutputStream octets = new ByteArrayOutputStream();
          some.forEach(hash -> octets.writeBytes(hash.octets()));
          tiles.put(
              new MerkleTile(level, from / MerkleTile.WIDTH, some.size()), octets.toByteArray());
          if (some.size() == MerkleTile.WIDTH) {
            above.add(root(some));
          }
        }
        hashes = above;
      }
    }

    @Override
    public byte[] hashes(MerkleTile tile) {
      byte[] hashes = tiles.get(tile);
      if (hashes == null) {
        throw new AssertionError("a tile was asked for that the tree does not have: " + tile);
      }
      return hashes;
    }
  }

  private static Digest root(List<Digest> leaves) {
    if (leaves.size() == 1) {
      return leaves.getFirst();
    }
    int k = Integer.highestOneBit(leaves.size() - 1);
    return node(root(leaves.subList(0, k)), root(leaves.subList(k, leaves.size())));
  }

  /** PATH(m, D[n]) of RFC 6962 §2.1.1. */
  private static List<Digest> path(int m, List<Digest> leaves) {
    int n = leaves.size();
    if (n == 1) {
      return List.of();
    }
    int k = Integer.highestOneBit(n - 1);
    return m < k
        ? with(path(m, leaves.subList(0, k)), root(leaves.subList(k, n)))
        : with(path(m - k, leaves.subList(k, n)), root(leaves.subList(0, k)));
  }

  /** SUBPROOF(m, D[n], b) of RFC 6962 §2.1.2. */
  private static List<Digest> subproof(int m, List<Digest> leaves, boolean whole) {
    int n = leaves.size();
    if (m == n) {
      return whole ? List.of() : List.of(root(leaves));
    }
    int k = Integer.highestOneBit(n - 1);
    return m <= k
        ? with(subproof(m, leaves.subList(0, k), whole), root(leaves.subList(k, n)))
        : with(subproof(m - k, leaves.subList(k, n), false), root(leaves.subList(0, k)));
  }

  private static List<Digest> with(List<Digest> proof, Digest last) {
    List<Digest> longer = new ArrayList<>(proof);
    longer.add(last);
    return longer;
  }

  private static Digest node(Digest left, Digest right) {
    return Digest.of(new byte[] {1}, left.octets(), right.octets());
  }
}
