package io.sallyport.kernel;

import java.util.Locale;

/**
 * Names a tile of a Merkle tree (C2SP tlog-tiles): up to 256 hashes beside each other, each the root of a full tile of the
 * level below, or at level 0 the hash of a leaf.
 *
 * @param number 0 for the first of the level
 * @param width how many hashes it has; fewer than {@link #WIDTH} at the right edge only
 */
public record MerkleTile(int level, long number, int width) {
  /** Hashes of a full tile. */
  public static final int WIDTH = 256;

  /** Levels of the tree in one tile. */
  public static final int HEIGHT = 8;

  /** The format has levels to 63; sizes are below 2^63, so tiles above this level never exist. */
  public static final int MOST_LEVEL = 7;

  /** Groups of three digits that a number below 2^63 may have. */
  private static final int MOST_GROUPS = 6;

  private static final String PARTIAL = ".p/";
  private static final int GROUP = 1000;

  public MerkleTile {
    if (level < 0 || level > MOST_LEVEL || number < 0 || width < 1 || width > WIDTH) {
      throw new IllegalArgumentException(
          "there is no tile " + level + "/" + number + " of width " + width);
    }
  }

  /**
   * Reads {@code <N>[.p/<W>]}, strictly: one tile has one name. Throws {@link IllegalArgumentException} with a sentence
   * for anything else.
   */
  public static MerkleTile parse(int level, String path) {
    int partial = path.indexOf(PARTIAL);
    String width = partial < 0 ? "" : path.substring(partial + PARTIAL.length());
    if (partial >= 0 && !width.matches("[1-9][0-9]{0,2}")) {
      throw unreadable();
    }
    String[] groups = (partial < 0 ? path : path.substring(0, partial)).split("/", -1);
    if (groups.length > MOST_GROUPS) {
      throw unreadable();
    }
    long number = 0;
    for (int i = 0; i < groups.length; i++) {
      boolean last = i == groups.length - 1;
      if (!groups[i].matches(last ? "[0-9]{3}" : "x[0-9]{3}")) {
        throw unreadable();
      }
      number = number * GROUP + Integer.parseInt(last ? groups[i] : groups[i].substring(1));
    }
    int hashes = partial < 0 ? WIDTH : Integer.parseInt(width);
    if (level < 0 || level > MOST_LEVEL || partial >= 0 && hashes >= WIDTH) {
      throw unreadable();
    }
    MerkleTile tile = new MerkleTile(level, number, hashes);
    if (!tile.path().equals(path)) {
      throw unreadable();
    }
    return tile;
  }

  public boolean full() {
    return width == WIDTH;
  }

  /** {@code <N>[.p/<W>]}: three digits a path element, all but the last behind an x. */
  public String path() {
    StringBuilder path = new StringBuilder();
    long rest = number;
    path.append(String.format(Locale.ROOT, "%03d", rest % GROUP));
    while ((rest /= GROUP) > 0) {
      path.insert(0, String.format(Locale.ROOT, "x%03d/", rest % GROUP));
    }
    return full() ? path.toString() : path + PARTIAL + width;
  }

  /** Whether a tree of {@code size} leaves has all its hashes. */
  public boolean within(long size) {
    return width <= widthAt(level, number, size);
  }

  /** How many hashes this tile has in a tree of {@code size} leaves, 0 when it does not exist. */
  static int widthAt(int level, long number, long size) {
    long hashes = size >>> (HEIGHT * level);
    // Of a number whose first hash would not fit a long there is no tile.
    return number > (Long.MAX_VALUE >>> HEIGHT)
        ? 0
        : (int) Math.clamp(hashes - number * WIDTH, 0, WIDTH);
  }

  private static IllegalArgumentException unreadable() {
    return new IllegalArgumentException(
        "A tile is named by groups of three digits, all but the last behind an x, and for a partial one by .p/ and"
            + " its width from 1 to 255, for instance x001/x234/067.p/8.");
  }
}
