package io.sallyport.events;

import io.sallyport.events.Changes.Change;
import io.sallyport.events.Changes.Confirmation;
import io.sallyport.events.Changes.Follower;
import io.sallyport.events.Changes.Following;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** One follower on this node, in a thread of its own, so that a slow one holds up nobody. */
final class FeedFollowing implements Following {
  /** Changes a call. */
  private static final int BATCH = 1000;

  private static final Duration FIRST_RETRY = Duration.ofMillis(50);
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(2);
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final Duration LONGEST_STOP = Duration.ofSeconds(5);
  private static final Logger LOG = Logger.getLogger(FeedFollowing.class);

  private final String name;
  private final Changes changes;
  private final RecentChanges recent;
  private final Follower follower;
  private final Consumer<FeedFollowing> closed;
  private final Thread thread;
  private long position;
  private @Nullable Confirmation told;
  private Duration retry = Duration.ZERO;
  private volatile boolean running = true;

  /** @param closed told when it is closed */
  FeedFollowing(
      String name,
      Changes changes,
      RecentChanges recent,
      long position,
      Follower follower,
      Consumer<FeedFollowing> closed) {
    this.name = name;
    this.changes = changes;
    this.recent = recent;
    this.position = position;
    this.follower = follower;
    this.closed = closed;
    this.thread = Thread.ofVirtual().name("follow-" + name).unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  @Override
  public void close() {
    running = false;
    closed.accept(this);
    recent.wake();
    if (Thread.currentThread().equals(thread)) {
      return;
    }
    try {
      thread.join(LONGEST_STOP);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    RecentChanges.State state = recent.state();
    while (running) {
      try {
        boolean behind = give(state);
        recovered();
        state = behind ? recent.state() : recent.await(state, LOOK);
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException | Error e) {
        failed(e);
        pause();
        state = recent.state();
      }
    }
  }

  /** Answers whether there is more to give at once. */
  private boolean give(RecentChanges.State state) {
    if (position < state.position()) {
      List<Change> next = changes.after(position, BATCH);
      if (!next.isEmpty()) {
        follower.changed(next);
        position = next.getLast().position();
      }
    }
    Confirmation confirmation = state.confirmation();
    if (confirmation != null && confirmation != told && position >= confirmation.position()) {
      follower.confirmed(confirmation.at());
      told = confirmation;
    }
    return position < state.position();
  }

  private void failed(Throwable e) {
    if (retry.isZero()) {
      LOG.warnf("%s cannot follow the changes and will try again: %s", name, e.getMessage());
      LOG.debug("Why it cannot follow", e);
      retry = FIRST_RETRY;
    } else {
      retry = retry.multipliedBy(2).compareTo(LONGEST_RETRY) < 0
          ? retry.multipliedBy(2)
          : LONGEST_RETRY;
    }
  }

  private void recovered() {
    if (!retry.isZero()) {
      LOG.infof("%s follows the changes again.", name);
      retry = Duration.ZERO;
    }
  }

  private void pause() {
    try {
      Thread.sleep(retry);
    } catch (InterruptedException e) {
      running = false;
    }
  }
}
