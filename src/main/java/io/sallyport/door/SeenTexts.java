package io.sallyport.door;

import java.security.SecureRandom;

/** Which texts were seen on which line: a dozen octets each, whatever their length. For one thread. */
final class SeenTexts {
  private static final int FIRST_SIZE = 1 << 12;
  private static final long MIX = 0x9E3779B97F4A7C15L;

  private final long secret;
  private long[] hashes = new long[FIRST_SIZE];
  private int[] lines = new int[FIRST_SIZE];
  private int size;

  /** Nobody can make texts that are taken for one another. */
  SeenTexts(SecureRandom random) {
    secret = random.nextLong();
  }

  /** The line on which the same text was seen before, or 0, when this is the first. */
  int seen(String text, int line) {
    if (size * 2 >= hashes.length) {
      grow();
    }
    return put(hashes, lines, hash(text), line);
  }

  private int put(long[] into, int[] at, long hash, int line) {
    int mask = into.length - 1;
    int place = (int) (hash >>> 32) & mask;
    while (into[place] != 0) {
      if (into[place] == hash) {
        return at[place];
      }
      place = (place + 1) & mask;
    }
    into[place] = hash;
    at[place] = line;
    size++;
    return 0;
  }

  private void grow() {
    long[] more = new long[hashes.length * 2];
    int[] moreLines = new int[more.length];
    size = 0;
    for (int i = 0; i < hashes.length; i++) {
      if (hashes[i] != 0) {
        put(more, moreLines, hashes[i], lines[i]);
      }
    }
    hashes = more;
    lines = moreLines;
  }

  /** Never 0, which marks what is free. */
  private long hash(String text) {
    long hash = secret;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * MIX;
      hash ^= hash >>> 29;
    }
    hash = (hash ^ text.length()) * MIX;
    hash ^= hash >>> 32;
    return hash == 0 ? 1 : hash;
  }
}
