package io.sallyport.decision;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.FactRecorded;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.transaction.Status;
import jakarta.transaction.Synchronization;
import jakarta.transaction.TransactionSynchronizationRegistry;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/** Runs {@link FleetKeeper}: at start, on every commit of this node, and on a clock for what other nodes commit. */
@Singleton
final class FleetFollower {
  /** After the first start made keys and authorities, before anything listens. */
  static final int PRIORITY = 2600;

  private static final Logger LOG = Logger.getLogger(FleetFollower.class);
  private static final Object TOUCHED = new Object();
  /** How long a commit waits for memory to follow before it goes on with the part doubtful; well within law 5's bound. */
  private static final Duration REFRESH_WITHIN = Duration.ofSeconds(2);

  private final FleetKeeper keeper;
  private final EssentialUses essentials;
  private final DecisionSettings settings;
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
      Thread.ofPlatform().daemon().name("fleet-follower").factory());
  private final TransactionSynchronizationRegistry transaction;
  private boolean failing;

  /** What a transaction changed so far. */
  private record Touched(Set<Part> parts) {}

  FleetFollower(
      FleetKeeper keeper,
      EssentialUses essentials,
      DecisionSettings settings,
      TransactionSynchronizationRegistry transaction) {
    this.transaction = transaction;
    this.keeper = keeper;
    this.essentials = essentials;
    this.settings = settings;
  }

  void start(@Observes @Priority(PRIORITY) StartupEvent event) {
    tick();
    long nanos = settings.followEvery().toNanos();
    timer.scheduleWithFixedDelay(this::tick, nanos, nanos, TimeUnit.NANOSECONDS);
  }

  void stop(@Observes ShutdownEvent event) {
    timer.shutdownNow();
  }

  /**
   * Law 5: the node that commits a change has it in memory before the one who asked for it hears of the success. Each part
   * is read once, however many facts of the transaction touch it.
   */
  void recorded(@Observes FactRecorded recorded) {
    Part.of(recorded.fact().subjectType(), recorded.fact().subject())
        .ifPresent(part -> touched().parts.add(part));
  }

  private Touched touched() {
    if (transaction.getResource(TOUCHED) instanceof Touched known) {
      return known;
    }
    Touched touched = new Touched(new LinkedHashSet<>());
    transaction.putResource(TOUCHED, touched);
    transaction.registerInterposedSynchronization(new Synchronization() {
      @Override
      public void beforeCompletion() {}

      @Override
      public void afterCompletion(int status) {
        if (status == Status.STATUS_COMMITTED) {
          touched.parts.forEach(FleetFollower.this::refresh);
        }
      }
    });
    return touched;
  }

  private void refresh(Part part) {
    // The committed transaction is still on this thread, so the reading needs another one.
    Thread reader = Thread.ofVirtual().name("fleet-refresh").start(() -> keeper.refresh(part));
    try {
      if (!reader.join(REFRESH_WITHIN)) {
        keeper.doubt(part, null);
      }
    } catch (InterruptedException e) {
      keeper.doubt(part, e);
      Thread.currentThread().interrupt();
    }
  }

  private void tick() {
    try {
      keeper.poll();
      essentials.flush();
      if (failing) {
        LOG.info("The change feed is followed again");
      }
      failing = false;
    } catch (RuntimeException e) {
      if (!failing) {
        LOG.warnf(
            e,
            "The change feed cannot be followed; decisions deny after %s",
            settings.confirmWithin());
      }
      failing = true;
    }
  }
}
