package io.sallyport.grants;

import io.sallyport.kernel.Digest;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.UUID;

/**
 * When a device should ask for its next grant: after seven to nine tenths of this one's life. What grants of one moment have
 * for that is spread by their ids, so that a fleet that asked together does not ask together again.
 */
final class Renewal {
  private static final double FIRST = 0.7;
  private static final double SPREAD = 0.2;

  private Renewal() {}

  /** Whole seconds, at least one, at most the lifetime. */
  static Duration after(UUID grant, Duration lifetime) {
    byte[] id = ByteBuffer.allocate(2 * Long.BYTES)
        .putLong(grant.getMostSignificantBits())
        .putLong(grant.getLeastSignificantBits())
        .array();
    long drawn = ByteBuffer.wrap(Digest.of(id).octets()).getLong() >>> 11;
    double share = FIRST + SPREAD * drawn / (1L << 53);
    return Duration.ofSeconds(Math.max(1, (long) (share * lifetime.toSeconds())));
  }
}
