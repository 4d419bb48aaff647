package io.sallyport.kernel;

import java.util.ArrayList;
import java.util.List;

/**
 * The right edge of a Merkle tree (RFC 6962 §2.1): the roots of the perfect subtrees that make up its first {@code size}
 * leaves, largest first. It is all that is needed to go on and to give the root, whatever the size. Immutable.
 */
public final class MerkleFrontier {
  /** The tree without leaves. */
  public static final MerkleFrontier EMPTY = new MerkleFrontier(0, List.of());

  private static final byte[] LEAF = {0};
  private static final byte[] NODE = {1};

  private final long size;
  private final List<Digest> subtrees;

  private MerkleFrontier(long size, List<Digest> subtrees) {
    this.size = size;
    this.subtrees = subtrees;
  }

  /**
   * Reads what {@link #octets} wrote; throws {@link IllegalArgumentException} when it is not as long as {@code size}
   * demands.
   */
  public static MerkleFrontier of(long size, byte[] octets) {
    if (size < 0 || octets.length != Long.bitCount(size) * Digest.LENGTH) {
      throw new IllegalArgumentException(
          "a frontier of " + octets.length + " octets does not fit a tree of " + size);
    }
    List<Digest> subtrees = new ArrayList<>();
    for (int from = 0; from < octets.length; from += Digest.LENGTH) {
      subtrees.add(
          Digest.ofOctets(java.util.Arrays.copyOfRange(octets, from, from + Digest.LENGTH)));
    }
    return new MerkleFrontier(size, List.copyOf(subtrees));
  }

  /** The hash of a leaf: SHA-256 over 0x00 and its octets. */
  public static Digest leafHash(byte[] leaf) {
    return Digest.of(LEAF, leaf);
  }

  /** The tree with one leaf more. */
  public MerkleFrontier append(Digest leafHash) {
    List<Digest> grown = new ArrayList<>(subtrees);
    Digest last = leafHash;
    // As in binary counting: every trailing one of the old size is a subtree that the new leaf
    // completes.
    for (long carry = size; (carry & 1) == 1; carry >>>= 1) {
      last = parent(grown.removeLast(), last);
    }
    grown.add(last);
    return new MerkleFrontier(Math.addExact(size, 1), List.copyOf(grown));
  }

  public long size() {
    return size;
  }

  /** The Merkle tree hash of RFC 6962 §2.1; of the empty tree, the hash of nothing. */
  public Digest root() {
    if (subtrees.isEmpty()) {
      return Digest.of();
    }
    Digest root = subtrees.getLast();
    for (int i = subtrees.size() - 2; i >= 0; i--) {
      root = parent(subtrees.get(i), root);
    }
    return root;
  }

  /** The subtrees' roots one after the other, 32 octets each. */
  public byte[] octets() {
    byte[] octets = new byte[subtrees.size() * Digest.LENGTH];
    for (int i = 0; i < subtrees.size(); i++) {
      System.arraycopy(subtrees.get(i).octets(), 0, octets, i * Digest.LENGTH, Digest.LENGTH);
    }
    return octets;
  }

  /** The hash of a node: SHA-256 over 0x01 and its two children. */
  static Digest parent(Digest left, Digest right) {
    return Digest.of(NODE, left.octets(), right.octets());
  }
}
