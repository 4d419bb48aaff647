package io.sallyport.decision;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.policy.Question.RequestedFlow;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The log of decisions, written in batches behind the answers. Through an outage it keeps the oldest 65,536; what does
 * not fit is dropped and counted.
 */
@Singleton
final class DecisionLog {
  static final int CAPACITY = 65_536;

  private static final Logger LOG = Logger.getLogger(DecisionLog.class);
  private static final int BATCH = 4096;
  /** How often a batch is tried while other batches would do; a batch that never goes in must not stop the log. */
  private static final int ATTEMPTS = 240;

  private record Entry(
      Decision decision,
      @Nullable Digest thumbprint,
      @Nullable RequestedFlow flow,
      Instant at,
      Actor asker) {}

  private static final int SHARES = 1 << 20;

  private final DecisionStore store;
  private final DecisionSettings settings;
  private final Ids ids;
  private final Counter dropped;
  /** Of {@link #SHARES}. */
  private final long sampled;

  private final BlockingQueue<Entry> queue = new ArrayBlockingQueue<>(CAPACITY);
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
      Thread.ofPlatform().daemon().name("decision-log").factory());
  private List<DecisionRow> batch = List.of();
  private int attempts;

  DecisionLog(DecisionStore store, DecisionSettings settings, Ids ids, MeterRegistry metrics) {
    this.store = store;
    this.settings = settings;
    this.ids = ids;
    this.sampled = Math.round(settings.logPermits() * SHARES);
    this.dropped = Counter.builder("sallyport.decisions.dropped")
        .description("Decisions that the decision log had no room for")
        .register(metrics);
    Gauge.builder("sallyport.decisions.waiting", queue, BlockingQueue::size)
        .description("Decisions that wait for the decision log")
        .register(metrics);
  }

  void start(@Observes @Priority(FleetFollower.PRIORITY) StartupEvent event) {
    long nanos = settings.logEvery().toNanos();
    timer.scheduleWithFixedDelay(this::write, nanos, nanos, TimeUnit.NANOSECONDS);
  }

  void stop(@Observes ShutdownEvent event) {
    timer.shutdown();
    try {
      if (timer.awaitTermination(2, TimeUnit.SECONDS)) {
        write();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  void add(
      Decision decision,
      @Nullable Digest thumbprint,
      @Nullable RequestedFlow flow,
      Instant at,
      Actor asker) {
    if (decision.permit() && !isSampled(decision.id())) {
      return;
    }
    if (!queue.offer(new Entry(decision, thumbprint, flow, at, asker))) {
      dropped.increment();
    }
  }

  /** By the decision's own random part, so that it can be told of each whether it should be there. */
  private boolean isSampled(UUID id) {
    return (id.getLeastSignificantBits() & SHARES - 1) < sampled;
  }

  /** Writes what is waiting, batch by batch, until nothing is left or the database fails. For one thread at a time. */
  void write() {
    while (next()) {
      try {
        store.decisions(ids.next(), batch);
        batch = List.of();
        attempts = 0;
      } catch (RuntimeException e) {
        failed(e);
        return;
      }
    }
  }

  private boolean next() {
    if (batch.isEmpty()) {
      List<Entry> entries = new ArrayList<>();
      queue.drainTo(entries, BATCH);
      batch = entries.stream()
          .map(entry ->
              DecisionRow.of(entry.decision, entry.thumbprint, entry.flow, entry.at, entry.asker))
          .toList();
    }
    return !batch.isEmpty();
  }

  private void failed(RuntimeException cause) {
    attempts++;
    if (attempts == 1) {
      LOG.warnf(cause, "%d decisions could not be logged; trying again", batch.size());
    }
    if (attempts >= ATTEMPTS && queue.remainingCapacity() == 0) {
      LOG.errorf(
          cause, "%d decisions are dropped after %d attempts to log them", batch.size(), attempts);
      dropped.increment(batch.size());
      batch = List.of();
      attempts = 0;
    }
  }
}
