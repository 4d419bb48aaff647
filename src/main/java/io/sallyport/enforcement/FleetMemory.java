package io.sallyport.enforcement;

import io.sallyport.decision.DecisionPoint;
import jakarta.inject.Singleton;
import java.util.concurrent.locks.LockSupport;

/** Lets a follower of changes wait until decisions take them in: before, it would judge by what was. */
@Singleton
final class FleetMemory {
  private static final long PAUSE_NANOS = 5_000_000;
  private static final long LONGEST_WAIT_NANOS = 5_000_000_000L;

  private final DecisionPoint decisions;

  FleetMemory(DecisionPoint decisions) {
    this.decisions = decisions;
  }

  void await(long position) {
    for (long waited = 0; decisions.position() < position; waited += PAUSE_NANOS) {
      if (waited > LONGEST_WAIT_NANOS) {
        throw new IllegalStateException(
            "the fleet in memory does not reach change " + position + " yet");
      }
      LockSupport.parkNanos(this, PAUSE_NANOS);
    }
  }
}
