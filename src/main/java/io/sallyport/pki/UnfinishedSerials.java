package io.sallyport.pki;

import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;

/**
 * Closes serials that a crash left between prepare and finish (law 1). What another live node is just finishing is left
 * to it; were such a one closed by mistake, its last step would find that and hand nothing out.
 */
@Singleton
public final class UnfinishedSerials {
  /** Much longer than any signature takes, whatever the node that makes it believes. */
  private static final Duration AGE = Duration.ofMinutes(2);

  private final IssuanceStore store;
  private final Clock clock;

  UnfinishedSerials(IssuanceStore store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  /** Whatever a node prepared that has died, or was prepared more than two minutes ago. Answers how many. */
  public int closeAbandoned() {
    return close(clock.instant().minus(AGE), store.dead());
  }

  /** Whatever was prepared before {@code instant}, by whom ever. */
  int closeFromBefore(Instant instant) {
    return close(instant, Set.of());
  }

  private int close(Instant before, Set<UUID> dead) {
    int all = 0;
    int closed = store.closeUnfinished(before, dead);
    while (closed > 0) {
      all += closed;
      closed = store.closeUnfinished(before, dead);
    }
    return all;
  }

  /** What the log is told of a serial whose certificate nobody got. */
  static Fact closed(CredentialRow row) {
    return Fact.of("certificate.closed", Actor.SERVER, row.subjectKind.word(), row.subjectId)
        .with("authority", row.authority)
        .with("serial", row.serial)
        .with("why", "never finished");
  }
}
