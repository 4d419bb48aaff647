package io.sallyport.admin.api;

import io.quarkus.runtime.ShutdownEvent;
import io.sallyport.devices.Batch;
import io.sallyport.devices.Batches;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Tells whoever watches a batch how far it is, at most once a second. While nobody watches nothing is read; for all who
 * watch one batch its row is read once.
 */
@Singleton
final class BatchWatch {
  private static final Logger LOG = Logger.getLogger(BatchWatch.class);

  /** On one node: each is a connection that stays. */
  static final int MOST = 100;
  /** Keeps what stands in between from closing the connection, and finds out that nobody listens. */
  private static final int HEARTBEAT_SECONDS = 15;
  /** Then it is asked for again, and whoever may not any more is refused. */
  private static final Duration LONGEST = Duration.ofMinutes(5);

  private final Function<UUID, Batch> batches;
  private final Duration longest;
  private final Object looking = new Object();
  private final Map<UUID, List<Watching>> watching = new HashMap<>();
  private @Nullable ScheduledExecutorService timer;
  private boolean ended;

  /** Is told, on any thread, one thing after another. */
  interface Listener {
    /** @param perSecond rows that got their certificate or were registered, in the last second */
    void progress(Batch batch, int perSecond);

    void heartbeat();

    /** The last of all. */
    void end();
  }

  /** One who watches. */
  private static final class Watching {
    private final Listener listener;
    private @Nullable Batch told;
    private int seconds;
    private int silent;

    Watching(Listener listener) {
      this.listener = listener;
    }
  }

  @Inject
  BatchWatch(Batches batches) {
    this(id -> batches.get(id, Set.of()), LONGEST);
  }

  BatchWatch(Function<UUID, Batch> batches, Duration longest) {
    this.batches = batches;
    this.longest = longest;
  }

  /** Tells at once how far it is. Refuses with {@code unavailable} when too many watch already, or the server stops. */
  synchronized void watch(Batch batch, Listener listener) {
    if (ended || watching.values().stream().mapToInt(List::size).sum() >= MOST) {
      throw new Refusal(
          CommonProblem.UNAVAILABLE, "Too many watch batches; ask for the batch now and then.");
    }
    Watching one = new Watching(listener);
    tell(one, batch, 0);
    if (batch.state() == Batch.State.CLOSED) {
      listener.end();
      return;
    }
    watching.computeIfAbsent(batch.id(), any -> new ArrayList<>()).add(one);
    if (timer == null) {
      timer = Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("batch-watch").factory());
      timer.scheduleWithFixedDelay(this::look, 1, 1, TimeUnit.SECONDS);
    }
  }

  synchronized void leave(Listener listener) {
    watching.values().forEach(all -> all.removeIf(one -> one.listener == listener));
    watching.values().removeIf(List::isEmpty);
  }

  private synchronized List<UUID> watched() {
    return List.copyOf(watching.keySet());
  }

  /** One at a time, so that nothing old is told after what is new; outside the lock while the database is asked. */
  void look() {
    synchronized (looking) {
      for (UUID id : watched()) {
        try {
          tell(batches.apply(id));
        } catch (RuntimeException e) {
          // They hear of it again when the database is back.
          LOG.debug("a batch could not be looked at", e);
        }
      }
    }
  }

  private synchronized void tell(Batch batch) {
    List<Watching> all = watching.getOrDefault(batch.id(), List.of());
    for (Watching one : List.copyOf(all)) {
      one.seconds++;
      Batch before = one.told;
      if (!batch.equals(before)) {
        tell(one, batch, before == null ? 0 : done(batch) - done(before));
      } else if (++one.silent >= HEARTBEAT_SECONDS) {
        one.silent = 0;
        one.listener.heartbeat();
      }
      if (batch.state() == Batch.State.CLOSED || one.seconds >= longest.toSeconds()) {
        leave(one.listener);
        one.listener.end();
      }
    }
  }

  private static void tell(Watching one, Batch batch, int perSecond) {
    one.told = batch;
    one.silent = 0;
    one.listener.progress(batch, Math.max(0, perSecond));
  }

  private static int done(Batch batch) {
    return batch.issued() + batch.registered();
  }

  synchronized void stop(@Observes ShutdownEvent event) {
    ended = true;
    if (timer != null) {
      timer.shutdownNow();
    }
    List<Watching> all = watching.values().stream().flatMap(List::stream).toList();
    watching.clear();
    all.forEach(one -> one.listener.end());
  }
}
