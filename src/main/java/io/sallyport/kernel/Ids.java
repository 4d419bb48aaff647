package io.sallyport.kernel;

import java.security.SecureRandom;
import java.time.Clock;
import java.util.Base64;
import java.util.UUID;

/** Makes identifiers: UUID version 7 (RFC 9562 §5.7), which sort by time, and unguessable tokens. Safe for any thread. */
public final class Ids {
  private final Clock clock;
  private final SecureRandom random;

  public Ids(Clock clock, SecureRandom random) {
    this.clock = clock;
    this.random = random;
  }

  public UUID next() {
    byte[] tail = new byte[10];
    random.nextBytes(tail);
    long high = clock.millis() << 16 | 0x7000 | (tail[0] & 0x0f) << 8 | tail[1] & 0xff;
    long low = 0;
    for (int i = 2; i < tail.length; i++) {
      low = low << 8 | tail[i] & 0xff;
    }
    return new UUID(high, low & 0x3fffffffffffffffL | 0x8000000000000000L);
  }

  /** {@code octets} random octets as unpadded base64url; 32 for a bearer secret. */
  public String secret(int octets) {
    byte[] value = new byte[octets];
    random.nextBytes(value);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(value);
  }
}
