package io.sallyport.audit;

import io.sallyport.kernel.Digest;
import io.sallyport.kernel.MerkleTile;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The log's Merkle tree, for whoever checks it elsewhere: tiles and entry bundles (C2SP tlog-tiles), and proofs made of
 * them. Nothing beyond the newest signed checkpoint is shown. A proof costs the same at any size.
 */
public interface LogTree {
  /** The newest signed checkpoint as a note, with the cosignatures of witnesses that it got so far. */
  Optional<String> checkpoint();

  /** The hashes of a tile one after the other; empty when the sealed log has no such tile. */
  Optional<byte[]> tile(MerkleTile tile);

  /** The leaves of a tile of level 0, each behind its length in two octets; empty when the sealed log has no such tile. */
  Optional<byte[]> entries(MerkleTile tile);

  /**
   * Shows that a fact is in the log.
   *
   * @param position of the fact, from 1
   * @param size of the tree to prove it in, or null for the newest checkpoint's; refused with {@code not-found} when the
   *     sealed log is not that long
   */
  Inclusion inclusion(long position, @Nullable Long size);

  /**
   * Shows that the log of {@code size} facts goes on from the one of {@code old}.
   *
   * @param size null for the newest checkpoint's; refused as in {@link #inclusion}
   */
  Consistency consistency(long old, @Nullable Long size);

  /**
   * A proof of RFC 9162 §2.1.3.
   *
   * @param index of the leaf, from 0
   * @param path hashes from below
   * @param checkpoint the signed note over {@code size} facts, or null when there is none of this size
   */
  record Inclusion(
      long index,
      long size,
      Digest leaf,
      List<Digest> path,
      Digest root,
      @Nullable String checkpoint) {
    public Inclusion {
      path = List.copyOf(path);
    }
  }

  /** A proof of RFC 9162 §2.1.4; the rest as in {@link Inclusion}. */
  record Consistency(
      long old,
      Digest oldRoot,
      long size,
      Digest root,
      List<Digest> path,
      @Nullable String checkpoint) {
    public Consistency {
      path = List.copyOf(path);
    }
  }
}
