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

  private final UnfinishedIssuance store;
  private final IssuanceBlocks blocks;
  private final Clock clock;

  UnfinishedSerials(UnfinishedIssuance store, IssuanceBlocks blocks, Clock clock) {
    this.store = store;
    this.blocks = blocks;
    this.clock = clock;
  }

  /** Whatever a node prepared that has died, or was prepared more than two minutes ago. Answers how many. */
  public int closeAbandoned() {
    return closeBlocks(clock.instant().minus(AGE), blocks.dead())
        + close(clock.instant().minus(AGE), store.dead());
  }

  /** Whatever was prepared before {@code instant}, by whom ever. */
  int closeFromBefore(Instant instant) {
    return closeBlocks(instant, Set.of()) + close(instant, Set.of());
  }

  private int closeBlocks(Instant before, Set<UUID> dead) {
    int all = 0;
    int closed = blocks.closeUnfinished(before, dead);
    while (closed > 0) {
      all += closed;
      closed = blocks.closeUnfinished(before, dead);
    }
    return all;
  }

  private int close(Instant before, Set<UUID> dead) {
    int all = 0;
    int closed = store.close(before, dead);
    while (closed > 0) {
      all += closed;
      closed = store.close(before, dead);
    }
    return all;
  }

  /** A serial whose certificate nobody gets. */
  record Closed(String kind, String subject, String authority, String serial) {
    Fact fact() {
      return closed(
          new CertificateSubject(CertificateSubject.Kind.valueOf(kind), subject),
          authority,
          serial);
    }
  }

  /** What the log is told of a serial whose certificate nobody got. */
  static Fact closed(CredentialRow row) {
    return closed(row.subject(), row.authority, row.serial);
  }

  private static Fact closed(CertificateSubject subject, String authority, String serial) {
    return Fact.of("certificate.closed", Actor.SERVER, subject.kind().word(), subject.id())
        .with("authority", authority)
        .with("serial", serial)
        .with("why", "never finished");
  }
}
