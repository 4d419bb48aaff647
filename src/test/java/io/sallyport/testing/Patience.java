package io.sallyport.testing;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Looks again and again, up to a deadline. */
public final class Patience {
  private static final Duration LONGEST = Duration.ofSeconds(20);
  private static final Duration PAUSE = Duration.ofMillis(20);

  private Patience() {}

  /** What {@code look} finds; fails with {@code what} when it finds nothing in time. */
  public static <T> T until(String what, Supplier<Optional<T>> look) {
    return until(() -> what, look);
  }

  /** The same, with what is told made when it fails. */
  public static <T> T until(Supplier<String> what, Supplier<Optional<T>> look) {
    long end = System.nanoTime() + LONGEST.toNanos();
    do {
      Optional<T> found = look.get();
      if (found.isPresent()) {
        return found.get();
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    } while (System.nanoTime() - end < 0);
    throw new AssertionError("still not there after " + LONGEST.toSeconds() + " s: " + what.get());
  }

  /** Waits for {@code condition}. */
  public static void untilTrue(String what, Supplier<Boolean> condition) {
    until(what, () -> condition.get() ? Optional.of(true) : Optional.empty());
  }
}
