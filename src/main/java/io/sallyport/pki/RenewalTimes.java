package io.sallyport.pki;

import io.sallyport.kernel.Digest;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;

/** Spreads times evenly by what is as good as chance and yet the same each time: a certificate's thumbprint. */
final class RenewalTimes {
  /** Of a window, so that whoever does not reach the server at its time has the rest of it to try again. */
  private static final double USED = 2.0 / 3;

  private RenewalTimes() {}

  /** Within the first two thirds of the window. */
  static Instant inWindow(Instant opensAt, Instant closesAt, Digest thumbprint) {
    return between(
        opensAt, Duration.between(opensAt, closesAt).toMillis() * USED, share(thumbprint));
  }

  /** Within all of the time. */
  static Instant within(Instant from, Instant until, Digest thumbprint) {
    return between(from, Duration.between(from, until).toMillis(), share(thumbprint));
  }

  private static Instant between(Instant from, double millis, double share) {
    return from.plusMillis(Math.max(0, Math.round(millis * share)));
  }

  /** From 0 to 1. */
  private static double share(Digest thumbprint) {
    return (ByteBuffer.wrap(thumbprint.octets()).getLong() >>> 11) * 0x1.0p-53;
  }
}
