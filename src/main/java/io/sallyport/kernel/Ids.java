package io.sallyport.kernel;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Base64;
import java.util.UUID;

/** Makes identifiers: UUID version 7 (RFC 9562 §5.7), which sort by time, and unguessable tokens. Safe for any thread. */
public final class Ids {
  /** Threads that seldom meet at one pool. */
  private static final int POOLS = 16;

  private final Clock clock;
  private final SecureRandom random;
  private final Pool[] pools = new Pool[POOLS];

  public Ids(Clock clock, SecureRandom random) {
    this.clock = clock;
    this.random = random;
    for (int i = 0; i < POOLS; i++) {
      pools[i] = new Pool();
    }
  }

  public UUID next() {
    long tail;
    long more;
    Pool pool = pools[(int) Thread.currentThread().threadId() & POOLS - 1];
    synchronized (pool) {
      tail = pool.next();
      more = pool.next();
    }
    return new UUID(
        clock.millis() << 16 | 0x7000 | more & 0x0fff,
        tail & 0x3fffffffffffffffL | 0x8000000000000000L);
  }

  /** Random octets drawn beforehand, since many at once cost little more than a few. */
  private final class Pool {
    private static final int OCTETS = 4096;

    private final byte[] octets = new byte[OCTETS];
    private final LongBuffer words = ByteBuffer.wrap(octets).asLongBuffer();

    Pool() {
      words.position(words.limit());
    }

    long next() {
      if (!words.hasRemaining()) {
        random.nextBytes(octets);
        words.rewind();
      }
      return words.get();
    }
  }

  /** {@code octets} random octets as unpadded base64url; 32 for a bearer secret. */
  public String secret(int octets) {
    byte[] value = new byte[octets];
    random.nextBytes(value);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(value);
  }
}
