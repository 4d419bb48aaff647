package io.sallyport.kernel;

import java.util.List;

/** Checks proofs of a Merkle tree (RFC 9162 §2.1.3.2 and §2.1.4.2), whose hashing is that of RFC 6962. */
public final class MerkleProof {
  private MerkleProof() {}

  /**
   * Whether {@code proof} leads from the leaf hash at {@code index}, counted from 0, to the root of a tree of {@code
   * size} leaves.
   */
  public static boolean includes(
      Digest leaf, long index, long size, List<Digest> proof, Digest root) {
    if (index < 0 || index >= size) {
      return false;
    }
    long node = index;
    long last = size - 1;
    Digest hash = leaf;
    for (Digest step : proof) {
      if (last == 0) {
        return false;
      }
      if ((node & 1) == 1 || node == last) {
        hash = MerkleFrontier.parent(step, hash);
        // Levels at which this edge of the tree has no sibling.
        int skip = Math.min(Long.numberOfTrailingZeros(node), Long.SIZE - 1);
        node >>>= skip;
        last >>>= skip;
      } else {
        hash = MerkleFrontier.parent(hash, step);
      }
      node >>>= 1;
      last >>>= 1;
    }
    return last == 0 && hash.equals(root);
  }

  /**
   * Whether {@code proof} shows that a tree of {@code size} leaves with {@code root} begins with the one of {@code old}
   * leaves with {@code oldRoot}. Anything goes on from the empty tree, whose root must be the hash of nothing.
   */
  public static boolean consistent(
      long old, Digest oldRoot, long size, Digest root, List<Digest> proof) {
    if (old < 0 || old > size) {
      return false;
    }
    if (old == 0 || old == size) {
      return proof.isEmpty()
          && (old == 0 ? oldRoot.equals(Digest.of()) : oldRoot.equals(root))
          && (size != 0 || root.equals(Digest.of()));
    }
    boolean perfect = Long.bitCount(old) == 1;
    if (!perfect && proof.isEmpty()) {
      return false;
    }
    int common = Long.numberOfTrailingZeros(old);
    long node = (old - 1) >>> common;
    long last = (size - 1) >>> common;
    Digest before = perfect ? oldRoot : proof.getFirst();
    Digest after = before;
    for (Digest step : proof.subList(perfect ? 0 : 1, proof.size())) {
      if (last == 0) {
        return false;
      }
      if ((node & 1) == 1 || node == last) {
        before = MerkleFrontier.parent(step, before);
        after = MerkleFrontier.parent(step, after);
        int skip = Math.min(Long.numberOfTrailingZeros(node), Long.SIZE - 1);
        node >>>= skip;
        last >>>= skip;
      } else {
        after = MerkleFrontier.parent(after, step);
      }
      node >>>= 1;
      last >>>= 1;
    }
    return last == 0 && before.equals(oldRoot) && after.equals(root);
  }
}
