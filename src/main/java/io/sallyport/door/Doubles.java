package io.sallyport.door;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Which of millions of texts come more than once, in memory that does not grow with them: their hashes are sorted by runs,
 * which wait in a file until they are merged. First all texts are added; then, in the same order, each is asked for. For
 * one thread.
 */
final class Doubles implements Closeable {
  /** Of a run in memory, 1 MiB. */
  static final int RUN = 1 << 17;

  private static final int WINDOW = 1 << 12;
  private static final long MIX = 0x9E3779B97F4A7C15L;

  private final long secret;
  private final int most;
  private final long[] run;
  private int size;
  private int runs;
  private @Nullable FileChannel file;
  /** Sorted: hashes that came more than once. */
  private long[] twice = new long[0];

  private final Map<Long, First> firsts = new HashMap<>();

  private record First(String text, long line) {}

  /**
   * Nobody can make texts that are taken for one another.
   *
   * @param most so many texts may come more than once
   */
  Doubles(SecureRandom random, int run, int most) {
    this.secret = random.nextLong();
    this.run = new long[run];
    this.most = most;
  }

  /** @param kind texts of different kinds are different */
  void add(char kind, String text) throws IOException {
    if (size == run.length) {
      spill();
    }
    run[size++] = hash(kind, text);
  }

  private void spill() throws IOException {
    if (file == null) {
      // Gone from its folder at once, so that a crash leaves nothing behind.
      Path path = Files.createTempFile("sallyport-doubles", ".hashes");
      file = FileChannel.open(
          path,
          StandardOpenOption.READ,
          StandardOpenOption.WRITE,
          StandardOpenOption.DELETE_ON_CLOSE);
    }
    Arrays.sort(run, 0, size);
    ByteBuffer octets = ByteBuffer.allocate(WINDOW * Long.BYTES);
    for (int from = 0; from < size; from += WINDOW) {
      octets.clear();
      octets.asLongBuffer().put(run, from, Math.min(WINDOW, size - from));
      octets.limit(Math.min(WINDOW, size - from) * Long.BYTES);
      while (octets.hasRemaining()) {
        file.write(octets);
      }
    }
    runs++;
    size = 0;
  }

  /** After the last was added. Whether no more than may be come more than once. */
  boolean sort() throws IOException {
    long[] found = new long[Math.min(most, 1 << 10)];
    int count = 0;
    PriorityQueue<Run> left = left();
    long last = 0;
    boolean counted = true;
    for (Run next = left.poll(); next != null; next = left.poll()) {
      long hash = next.head;
      if (hash != last) {
        last = hash;
        counted = false;
      } else if (!counted) {
        if (count == most) {
          return false;
        }
        if (count == found.length) {
          found = Arrays.copyOf(found, Math.min(most, count * 2));
        }
        found[count++] = hash;
        counted = true;
      }
      if (next.advance()) {
        left.add(next);
      }
    }
    twice = Arrays.copyOf(found, count);
    return true;
  }

  private PriorityQueue<Run> left() throws IOException {
    PriorityQueue<Run> left = new PriorityQueue<>();
    for (int i = 0; i < runs; i++) {
      Run one = new Run((long) i * run.length, run.length, new long[Math.min(WINDOW, run.length)]);
      if (one.advance()) {
        left.add(one);
      }
    }
    Arrays.sort(run, 0, size);
    Run last = new Run(0, 0, run);
    last.windowed = size;
    if (last.advance()) {
      left.add(last);
    }
    return left;
  }

  /** A sorted run and how far it was read. */
  private final class Run implements Comparable<Run> {
    private final long[] window;
    private long from;
    private int left;
    private int at;
    private int windowed;
    private long head;

    Run(long from, int left, long[] window) {
      this.from = from;
      this.left = left;
      this.window = window;
    }

    boolean advance() throws IOException {
      if (at == windowed) {
        if (left == 0) {
          return false;
        }
        read();
      }
      head = window[at++];
      return true;
    }

    private void read() throws IOException {
      windowed = Math.min(left, window.length);
      ByteBuffer octets = ByteBuffer.allocate(windowed * Long.BYTES);
      while (octets.hasRemaining()) {
        if (file == null || file.read(octets, from * Long.BYTES + octets.position()) < 0) {
          throw new IOException("the hashes of an import are shorter than what was written");
        }
      }
      octets.flip().asLongBuffer().get(window, 0, windowed);
      from += windowed;
      left -= windowed;
      at = 0;
    }

    @Override
    public int compareTo(Run other) {
      return Long.compare(head, other.head);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }

  /** The line on which the same text was first asked for, or 0, when this is the first. */
  long before(char kind, String text, long line) {
    if (twice.length == 0) {
      return 0;
    }
    long hash = hash(kind, text);
    if (Arrays.binarySearch(twice, hash) < 0) {
      return 0;
    }
    First first = firsts.putIfAbsent(hash, new First(text, line));
    return first == null || !first.text.equals(text) ? 0 : first.line;
  }

  /** Never 0, before which there is none. */
  private long hash(char kind, String text) {
    long hash = (secret ^ kind) * MIX;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * MIX;
      hash ^= hash >>> 29;
    }
    hash = (hash ^ text.length()) * MIX;
    hash ^= hash >>> 32;
    return hash == 0 ? 1 : hash;
  }

  @Override
  public void close() throws IOException {
    if (file != null) {
      file.close();
    }
  }
}
