package io.sallyport.testing;

import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * Gives a reader of untrusted octets mutations of good ones, for a bounded time: bits turned, octets set, taken away and put
 * in, lengths of DER changed, two inputs spliced. From a fixed seed, so that a failure comes again.
 */
public final class Mutations {
  private static final long SEED = 0x5a117;
  private static final int MOST_STEPS = 4;
  private static final int MOST_INSERTED = 16;
  /** What readers stumble over: lengths, tags, ends. */
  private static final byte[] ODD = {0, 1, 0x7f, (byte) 0x80, (byte) 0x84, (byte) 0xff, 0x30, 0x31};

  private Mutations() {}

  /** Two seconds; SALLYPORT_FUZZ_SECONDS says otherwise. */
  private static Duration budget() {
    String seconds = System.getenv("SALLYPORT_FUZZ_SECONDS");
    return Duration.ofSeconds(seconds == null ? 2 : Long.parseLong(seconds));
  }

  /** Fails when {@code reader} throws; at least each good one and a few mutations of it are read, however slow it is. */
  public static void of(List<byte[]> good, Consumer<byte[]> reader) {
    SplittableRandom random = new SplittableRandom(SEED);
    good.forEach(input -> read(input, reader));
    long end = System.nanoTime() + budget().toNanos();
    int least = good.size() * 10;
    for (int i = 0; i < least || System.nanoTime() < end; i++) {
      byte[] input = good.get(i % good.size());
      int steps = 1 + random.nextInt(MOST_STEPS);
      for (int step = 0; step < steps; step++) {
        input = mutated(input, good.get(random.nextInt(good.size())), random);
      }
      read(input, reader);
    }
  }

  private static void read(byte[] input, Consumer<byte[]> reader) {
    try {
      reader.accept(input);
    } catch (RuntimeException | Error failure) {
      throw new AssertionError("fails on " + HexFormat.of().formatHex(input), failure);
    }
  }

  private static byte[] mutated(byte[] input, byte[] other, SplittableRandom random) {
    if (input.length == 0) {
      return other.clone();
    }
    int at = random.nextInt(input.length);
    byte[] changed = input.clone();
    switch (random.nextInt(6)) {
      case 0 -> changed[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> changed[at] = ODD[random.nextInt(ODD.length)];
      case 2 -> changed[at] += (byte) (random.nextBoolean() ? 1 : -1);
      case 3 -> {
        return joined(input, 0, at, input, Math.min(input.length, at + 1 + random.nextInt(8)));
      }
      case 4 -> {
        byte[] inserted = new byte[1 + random.nextInt(MOST_INSERTED)];
        random.nextBytes(inserted);
        return joined(joined(input, 0, at, inserted, 0), 0, at + inserted.length, input, at);
      }
      default -> {
        return joined(input, 0, at, other, random.nextInt(other.length + 1));
      }
    }
    return changed;
  }

  /** {@code one} from {@code from} to {@code to}, then {@code two} from {@code rest} on. */
  private static byte[] joined(byte[] one, int from, int to, byte[] two, int rest) {
    byte[] joined = new byte[to - from + two.length - rest];
    System.arraycopy(one, from, joined, 0, to - from);
    System.arraycopy(two, rest, joined, to - from, two.length - rest);
    return joined;
  }
}
