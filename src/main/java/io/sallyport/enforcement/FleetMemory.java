package io.sallyport.enforcement;

import io.sallyport.decision.DecisionPoint;
import io.sallyport.events.Changes.Change;
import jakarta.inject.Singleton;
import java.util.Optional;
import java.util.UUID;
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

  /** The device that a change is about; empty when it is about none. */
  static Optional<UUID> device(Change change) {
    try {
      return change.subjectType().equals("device")
          ? Optional.of(UUID.fromString(change.subject()))
          : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
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
