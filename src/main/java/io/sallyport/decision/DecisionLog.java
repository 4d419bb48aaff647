package io.sallyport.decision;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Outage;
import io.vertx.core.Context;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
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
 * The log of decisions, written in batches behind the answers. What the database does not take in time waits, 65,536 of
 * them in memory; what becomes of the rest is for {@link LogOverflow} to say.
 *
 * <p>Any thread adds. One thread writes to the database, one to the files; what leaves the queue leaves it in order, under
 * the lock of {@link #order}.
 */
@Singleton
final class DecisionLog {
  static final int CAPACITY = 65_536;

  private static final Logger LOG = Logger.getLogger(DecisionLog.class);
  private static final int BATCH = 4096;
  /** Of a batch that is spilled; small, so that little is read again after a crash. */
  private static final int SPILLED_BATCH = 1024;
  /** Beyond it they are spilled while the database seems to be well, but for its pace. */
  private static final int HALF = CAPACITY / 2;

  private static final long SPILL_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /** How often a batch is tried while other batches would do; a batch that never goes in must not stop the log. */
  private static final int ATTEMPTS = 240;

  private static final int SHARES = 1 << 20;

  private final DecisionStore store;
  private final DecisionSettings settings;
  private final Ids ids;
  private final Counter dropped;
  /** Of {@link #SHARES}. */
  private final long sampled;

  private final BlockingQueue<Answered> queue = new ArrayBlockingQueue<>(CAPACITY);
  private final ScheduledExecutorService timer = executor("decision-log");
  private final ScheduledExecutorService spiller = executor("decision-spill");

  private final Object order = new Object();
  /** Under the lock. */
  private final SpilledDecisions files;
  /** What is being written, and whether it stands in the files too. For the writing thread, and changed under the lock. */
  private @Nullable SpilledBatch batch;

  private boolean isSpilled;
  private int attempts;
  private volatile boolean isFailing;
  /** By the clock of {@link System#nanoTime}; until then nobody waits anew for a log that somebody waited for in vain. */
  private volatile long waitAgain = System.nanoTime();

  DecisionLog(DecisionStore store, DecisionSettings settings, Ids ids, MeterRegistry metrics) {
    this.store = store;
    this.settings = settings;
    this.ids = ids;
    this.sampled = Math.round(settings.logPermits() * SHARES);
    this.dropped = Counter.builder("sallyport.decisions.dropped")
        .description("Decisions that the decision log had no room for")
        .register(metrics);
    this.files = new SpilledDecisions(settings, ids, dropped, metrics);
    Gauge.builder("sallyport.decisions.waiting", queue, BlockingQueue::size)
        .description("Decisions that wait for the decision log in memory")
        .register(metrics);
  }

  private static ScheduledExecutorService executor(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        Thread.ofPlatform().daemon().name(name).factory());
  }

  void start(@Observes @Priority(FleetFollower.PRIORITY) StartupEvent event) {
    open();
    long nanos = settings.logEvery().toNanos();
    timer.scheduleWithFixedDelay(this::write, nanos, nanos, TimeUnit.NANOSECONDS);
    if (spills()) {
      spiller.scheduleWithFixedDelay(
          this::relieve, SPILL_EVERY_NANOS, SPILL_EVERY_NANOS, TimeUnit.NANOSECONDS);
    }
  }

  /** Opens the files: to spill to, or because an earlier run left some. */
  void open() {
    synchronized (order) {
      files.open(spills());
    }
  }

  void stop(@Observes ShutdownEvent event) {
    timer.shutdown();
    spiller.shutdown();
    try {
      if (timer.awaitTermination(2, TimeUnit.SECONDS)) {
        write();
      }
      isFailing = true;
      if (spiller.awaitTermination(2, TimeUnit.SECONDS)) {
        relieve();
      }
      synchronized (order) {
        SpilledBatch underway = batch;
        if (underway != null && !isSpilled && spills() && files.keep(underway)) {
          batch = null;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    close();
  }

  /** Leaves the files as they are. */
  void close() {
    synchronized (order) {
      files.close();
    }
  }

  /** Whether this one is logged at all: every denial is, and a share of the permits. */
  boolean wants(Decision decision) {
    return !decision.permit() || isSampled(decision.id());
  }

  /** By the decision's own random part, so that it can be told of each whether it should be there. */
  private boolean isSampled(UUID id) {
    return (id.getLeastSignificantBits() & SHARES - 1) < sampled;
  }

  /** Whether {@link #add} may wait, so that no event loop may come here. */
  boolean mayWait() {
    return settings.logOverflow() == LogOverflow.BLOCK;
  }

  /** Whether it may be answered: false when it must be logged and cannot be. */
  boolean add(Answered answered) {
    if (queue.offer(answered)) {
      return true;
    }
    if (mayWait()) {
      return await(answered);
    }
    dropped.increment();
    return true;
  }

  private boolean await(Answered answered) {
    long wait = settings.logWait().toNanos();
    if (System.nanoTime() - waitAgain < 0 || Context.isOnEventLoopThread()) {
      return false;
    }
    try {
      if (queue.offer(answered, wait, TimeUnit.NANOSECONDS)) {
        return true;
      }
      waitAgain = System.nanoTime() + wait;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return false;
  }

  /** Writes what is waiting, batch by batch, until nothing is left or the database fails. For one thread at a time. */
  void write() {
    try {
      for (SpilledBatch next = next(); next != null; next = next()) {
        store.decisions(next.id(), next.rows());
        written();
      }
    } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
      // Of an error too: the timer would never come again.
      failed(e);
    } catch (IOException e) {
      synchronized (order) {
        files.failed(e);
      }
    }
  }

  /** What is spilled is older than what waits in memory. */
  private @Nullable SpilledBatch next() throws IOException {
    synchronized (order) {
      if (batch == null) {
        batch = files.first();
        isSpilled = batch != null;
      }
      if (batch == null) {
        batch = taken(BATCH);
        isSpilled = false;
      }
      return batch;
    }
  }

  private @Nullable SpilledBatch taken(int most) {
    List<Answered> taken = new ArrayList<>();
    queue.drainTo(taken, most);
    List<DecisionRow> rows = new ArrayList<>(taken.size());
    Throwable cause = null;
    for (Answered answered : taken) {
      try {
        rows.add(DecisionRow.of(answered));
      } catch (RuntimeException | StackOverflowError e) {
        cause = e;
      }
    }
    if (cause != null) {
      int lost = taken.size() - rows.size();
      dropped.increment(lost);
      LOG.errorf(cause, "%d decisions cannot be written down and are dropped", lost);
    }
    return rows.isEmpty() ? null : new SpilledBatch(ids.next(), rows);
  }

  private void written() throws IOException {
    synchronized (order) {
      batch = null;
      attempts = 0;
      isFailing = false;
      if (isSpilled) {
        files.removeFirst();
      }
    }
  }

  private void failed(Throwable cause) {
    synchronized (order) {
      SpilledBatch failed = batch;
      attempts++;
      isFailing = true;
      if (failed == null) {
        LOG.error("The decision log failed; trying again", cause);
        return;
      }
      if (attempts == 1) {
        LOG.warnf(
            cause,
            "%d decisions could not be logged; trying again",
            failed.rows().size());
      }
      if (attempts >= ATTEMPTS && isGivenUp(cause)) {
        LOG.errorf(
            cause,
            "%d decisions are dropped after %d attempts to log them",
            failed.rows().size(),
            attempts);
        dropped.increment(failed.rows().size());
        give(failed);
      } else if (!isSpilled && spills() && files.keep(failed)) {
        // Under its own id, should it be there after all.
        batch = null;
      }
    }
  }

  /** An outage ends; what fails without one never goes in. */
  private boolean isGivenUp(Throwable cause) {
    return switch (settings.logOverflow()) {
      case DROP -> queue.remainingCapacity() == 0;
      case SPILL -> !Outage.caused(cause);
      case BLOCK -> queue.remainingCapacity() == 0 && !Outage.caused(cause);
    };
  }

  private void give(SpilledBatch given) {
    try {
      if (isSpilled) {
        files.removeFirst();
      }
    } catch (IOException e) {
      LOG.errorf(e, "%d spilled decisions could not be left out", given.rows().size());
    }
    batch = null;
    attempts = 0;
  }

  private boolean spills() {
    return settings.logOverflow() == LogOverflow.SPILL;
  }

  /** Moves what waits in memory to the files, while the database fails or does not keep up. For one thread at a time. */
  void relieve() {
    synchronized (order) {
      if (!spills() || queue.isEmpty() || !(isFailing || queue.size() > HALF)) {
        return;
      }
      try {
        while ((isFailing || queue.size() > HALF / 2) && files.hasRoom()) {
          SpilledBatch next = taken(SPILLED_BATCH);
          if (next == null) {
            break;
          }
          files.add(next);
        }
        files.force();
      } catch (IOException e) {
        files.failed(e);
      }
    }
  }
}
