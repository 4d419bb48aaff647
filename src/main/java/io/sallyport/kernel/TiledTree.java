package io.sallyport.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A Merkle tree (RFC 6962 §2.1) of a given size, read from its tiles: root, inclusion and consistency proofs at the cost of
 * a few tiles, whatever the size. Reads no tile twice. One thread.
 */
public final class TiledTree {
  private final long size;
  private final Tiles tiles;
  private final Map<MerkleTile, byte[]> read = new HashMap<>();

  public TiledTree(long size, Tiles tiles) {
    if (size < 0) {
      throw new IllegalArgumentException("no tree has " + size + " leaves");
    }
    this.size = size;
    this.tiles = tiles;
  }

  /** The Merkle tree hash; of the empty tree, the hash of nothing. */
  public Digest root() {
    return size == 0 ? Digest.of() : hash(0, size);
  }

  /** The hash of the leaf at {@code index}, from 0. */
  public Digest leaf(long index) {
    requireLeaf(index);
    return hash(index, index + 1);
  }

  /** The path from the leaf at {@code index}, counted from 0, to the root, from below (RFC 9162 §2.1.3.1). */
  public List<Digest> inclusion(long index) {
    requireLeaf(index);
    List<Digest> path = new ArrayList<>();
    long start = 0;
    for (long end = size; end - start > 1; ) {
      long middle = start + split(end - start);
      if (index < middle) {
        path.add(hash(middle, end));
        end = middle;
      } else {
        path.add(hash(start, middle));
        start = middle;
      }
    }
    return path.reversed();
  }

  /** What shows that the tree of the first {@code old} leaves is the beginning of this one (RFC 9162 §2.1.4.1). */
  public List<Digest> consistency(long old) {
    if (old < 0 || old > size) {
      throw new IllegalArgumentException(
          "a tree of " + size + " leaves does not go on from " + old);
    }
    List<Digest> proof = new ArrayList<>();
    if (old == 0) {
      return proof;
    }
    long start = 0;
    long end = size;
    while (old != end) {
      long middle = start + split(end - start);
      if (old <= middle) {
        proof.add(hash(middle, end));
        end = middle;
      } else {
        proof.add(hash(start, middle));
        start = middle;
      }
    }
    // The old root itself is known to whoever checks.
    if (start > 0) {
      proof.add(hash(start, end));
    }
    return proof.reversed();
  }

  /** MTH(D[start:end]); {@code start} is a multiple of the largest perfect tree in it, as in every recursion of §2.1. */
  private Digest hash(long start, long end) {
    long leaves = end - start;
    if (Long.bitCount(leaves) == 1) {
      int height = Long.numberOfTrailingZeros(leaves);
      return perfect(height, start >>> height);
    }
    long middle = start + split(leaves);
    return MerkleFrontier.parent(hash(start, middle), hash(middle, end));
  }

  /** The root of the perfect subtree of 2^height leaves with this number. */
  private Digest perfect(int height, long number) {
    int level = height / MerkleTile.HEIGHT;
    int above = height % MerkleTile.HEIGHT;
    long first = number << above;
    byte[] hashes = tile(level, first / MerkleTile.WIDTH);
    return fold(hashes, (int) (first % MerkleTile.WIDTH), 1 << above);
  }

  /** The root over {@code width} of the hashes, a power of two, from {@code from} on. */
  static Digest fold(byte[] hashes, int from, int width) {
    if (width == 1) {
      int at = from * Digest.LENGTH;
      return Digest.ofOctets(Arrays.copyOfRange(hashes, at, at + Digest.LENGTH));
    }
    int half = width / 2;
    return MerkleFrontier.parent(fold(hashes, from, half), fold(hashes, from + half, half));
  }

  /** The root of a full tile. */
  public static Digest root(byte[] hashes) {
    if (hashes.length != MerkleTile.WIDTH * Digest.LENGTH) {
      throw new IllegalArgumentException("a tile of " + hashes.length + " octets is not full");
    }
    return fold(hashes, 0, MerkleTile.WIDTH);
  }

  private byte[] tile(int level, long number) {
    MerkleTile tile = new MerkleTile(level, number, MerkleTile.widthAt(level, number, size));
    return read.computeIfAbsent(tile, wanted -> {
      byte[] hashes = tiles.hashes(wanted);
      if (hashes.length != wanted.width() * Digest.LENGTH) {
        throw new IllegalStateException("the tile " + wanted.level() + "/" + wanted.path() + " has "
            + hashes.length + " octets");
      }
      return hashes;
    });
  }

  private void requireLeaf(long index) {
    if (index < 0 || index >= size) {
      throw new IllegalArgumentException("a tree of " + size + " leaves has no leaf " + index);
    }
  }

  /** The largest power of two below {@code leaves}, which is 2 or more. */
  private static long split(long leaves) {
    return Long.highestOneBit(leaves - 1);
  }

  /** Where tiles come from. */
  public interface Tiles {
    /** The hashes of {@code tile} one after the other, exactly as many as its width; throws when they are missing. */
    byte[] hashes(MerkleTile tile);
  }
}
