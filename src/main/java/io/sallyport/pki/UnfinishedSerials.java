package io.sallyport.pki;

import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

/** Closes serials that a crash left between prepare and finish (law 1). Called at start and by a timer. */
@Singleton
public final class UnfinishedSerials {
  private static final Duration AGE = Duration.ofMinutes(2);

  private final IssuanceStore store;
  private final Clock clock;

  UnfinishedSerials(IssuanceStore store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  /** At start: whatever was prepared before {@code start} belongs to a life that has ended. Answers how many. */
  public int closeFromBefore(Instant start) {
    int all = 0;
    int closed = store.closeUnfinished(start);
    while (closed > 0) {
      all += closed;
      closed = store.closeUnfinished(start);
    }
    return all;
  }

  /** While running: whatever takes longer than two minutes. */
  public int closeOld() {
    return closeFromBefore(clock.instant().minus(AGE));
  }
}
