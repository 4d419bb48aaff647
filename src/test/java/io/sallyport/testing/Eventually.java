package io.sallyport.testing;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for what must come true, by asking again and again until a deadline. */
public final class Eventually {
  private static final long PAUSE_NANOS = 50_000_000;

  private Eventually() {}

  /** @param sentence what must come true, for the failure */
  public static void holds(Duration within, String sentence, BooleanSupplier condition) {
    long end = System.nanoTime() + within.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("Not so within " + within + ": " + sentence);
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }
}
