package io.sallyport.decision;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.FactRecorded;
import io.sallyport.events.Changes;
import io.sallyport.kernel.FollowUps;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.transaction.Status;
import jakarta.transaction.Synchronization;
import jakarta.transaction.TransactionSynchronizationRegistry;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/** Runs {@link FleetKeeper}: at start, on every commit of this node, and on what other nodes commit. */
@Singleton
final class FleetFollower {
  /** After the first start made keys and authorities, before anything listens. */
  static final int PRIORITY = 2600;

  private static final Logger LOG = Logger.getLogger(FleetFollower.class);
  private static final Object TOUCHED = new Object();
  /** How long a commit waits for memory to follow before it goes on with the part doubtful; well within law 5's bound. */
  private static final Duration REFRESH_WITHIN = Duration.ofSeconds(2);

  private static final long TICK_MILLIS = 200;

  private final FleetKeeper keeper;
  private final EssentialUses essentials;
  private final Changes changes;
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
      Thread.ofPlatform().daemon().name("fleet-follower").factory());
  private final TransactionSynchronizationRegistry transaction;
  private final OwnFacts own;
  private boolean following;
  private boolean failing;

  /** What a transaction changed so far, and by which facts. */
  private record Touched(Set<Part> parts, Set<UUID> facts) {}

  FleetFollower(
      FleetKeeper keeper,
      EssentialUses essentials,
      Changes changes,
      OwnFacts own,
      TransactionSynchronizationRegistry transaction) {
    this.own = own;
    this.transaction = transaction;
    this.keeper = keeper;
    this.essentials = essentials;
    this.changes = changes;
  }

  void start(@Observes @Priority(PRIORITY) StartupEvent event) {
    tick();
    timer.scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
  }

  void stop(@Observes ShutdownEvent event) {
    timer.shutdownNow();
  }

  /**
   * Law 5: the node that commits a change has it in memory before the one who asked for it hears of the success. Each part
   * is read once, however many facts of the transaction touch it.
   */
  void recorded(@Observes FactRecorded recorded) {
    Part.of(recorded.fact().subjectType(), recorded.fact().subject()).ifPresent(part -> {
      touched().parts.add(part);
      touched().facts.add(recorded.id());
      own.begin(recorded.id());
    });
  }

  private Touched touched() {
    if (transaction.getResource(TOUCHED) instanceof Touched known) {
      return known;
    }
    Touched touched = new Touched(new LinkedHashSet<>(), new HashSet<>());
    transaction.putResource(TOUCHED, touched);
    transaction.registerInterposedSynchronization(new Synchronization() {
      @Override
      public void beforeCompletion() {}

      @Override
      public void afterCompletion(int status) {
        if (status == Status.STATUS_COMMITTED) {
          FollowUps.run(() -> follow(touched));
        } else {
          own.end(touched.facts, false);
        }
      }
    });
    return touched;
  }

  private void follow(Touched touched) {
    boolean seen = false;
    try {
      seen = refresh(List.copyOf(touched.parts));
    } finally {
      own.end(touched.facts, seen);
    }
  }

  /** Whether all of it is in memory as it was committed. */
  private boolean refresh(List<Part> parts) {
    // The committed transaction may still be on this thread, so the reading needs another one.
    Thread reader = Thread.ofVirtual().name("fleet-refresh").start(() -> keeper.refreshAll(parts));
    try {
      if (reader.join(REFRESH_WITHIN)) {
        return keeper.trusts(parts);
      }
      parts.forEach(part -> keeper.doubt(part, null));
    } catch (InterruptedException e) {
      parts.forEach(part -> keeper.doubt(part, e));
      Thread.currentThread().interrupt();
    }
    return false;
  }

  private void tick() {
    try {
      if (!following) {
        changes.follow("fleet", keeper.load(), keeper);
        following = true;
      }
      keeper.retry();
      essentials.flush();
      if (failing) {
        LOG.info("The fleet is loaded and the uses of essential flows are recorded again");
      }
      failing = false;
    } catch (RuntimeException e) {
      if (!failing) {
        LOG.warnf(
            "The fleet cannot be loaded or the uses of essential flows not be recorded; trying on: %s",
            e.getMessage());
      }
      failing = true;
    }
  }
}
