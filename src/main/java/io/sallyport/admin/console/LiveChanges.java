package io.sallyport.admin.console;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.events.Changes;
import io.sallyport.events.Changes.Change;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/**
 * Tells open pages of changes, whichever node made them. While nobody looks nothing is read; for all who look it is read
 * once.
 */
@Singleton
final class LiveChanges {
  /** After the change feed. */
  private static final int START = Changes.START + 500;

  private static final Logger LOG = Logger.getLogger(LiveChanges.class);
  private static final long MILLIS = 500;
  private static final int BATCH = 1000;
  /** Open pages on one node: each is a connection that stays. */
  private static final int MOST = 500;

  private final Changes changes;
  private final Set<Consumer<List<Change>>> watchers = ConcurrentHashMap.newKeySet();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
      Thread.ofPlatform().daemon().name("console-live").factory());
  /** Up to where changes were told; negative while nobody watches. */
  private long position = -1;

  LiveChanges(Changes changes) {
    this.changes = changes;
  }

  void start(@Observes @Priority(START) StartupEvent event) {
    timer.scheduleWithFixedDelay(this::tell, MILLIS, MILLIS, TimeUnit.MILLISECONDS);
  }

  void stop(@Observes ShutdownEvent event) {
    timer.shutdownNow();
  }

  /** Tells of whatever is numbered from now on. Refuses with {@code unavailable} when too many watch already. */
  synchronized void watch(Consumer<List<Change>> watcher) {
    if (watchers.size() >= MOST) {
      throw new Refusal(
          CommonProblem.UNAVAILABLE, "Too many pages are open; reload this one now and then.");
    }
    if (position < 0) {
      look();
    }
    watchers.add(watcher);
  }

  void leave(Consumer<List<Change>> watcher) {
    watchers.remove(watcher);
  }

  private synchronized void tell() {
    if (watchers.isEmpty()) {
      position = -1;
    } else {
      look();
    }
  }

  private void look() {
    try {
      if (position < 0) {
        position = changes.position();
        return;
      }
      List<Change> found = changes.after(position, BATCH);
      if (!found.isEmpty()) {
        position = found.getLast().position();
        watchers.forEach(watcher -> watcher.accept(found));
      }
    } catch (RuntimeException e) {
      // Pages go on with what they show; whoever answers requests says what is wrong.
      LOG.debug("open pages could not be told of changes", e);
    }
  }
}
