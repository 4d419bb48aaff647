package io.sallyport.events;

import io.sallyport.events.Changes.Change;
import io.sallyport.events.Changes.Confirmation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** What this node has read of the change feed last, and how far it is known to be current. Safe for any thread. */
final class RecentChanges {
  private static final int MOST = 4096;

  private final Lock lock = new ReentrantLock();
  private final Condition news = lock.newCondition();
  /** A change is at its position, modulo the size. */
  private final @Nullable Change[] ring = new Change[MOST];

  private long position;
  /** The position before the oldest change in memory. */
  private long before;

  private @Nullable Confirmation confirmation;

  /** The last position read, and the last confirmation. */
  record State(long position, @Nullable Confirmation confirmation) {}

  /** Begins after {@code last}, with nothing in memory. */
  void begin(long last) {
    lock.lock();
    try {
      position = last;
      before = last;
    } finally {
      lock.unlock();
    }
  }

  /** Adds what comes directly after the last position. */
  void add(List<Change> changes) {
    lock.lock();
    try {
      for (Change change : changes) {
        if (change.position() != position + 1) {
          throw new IllegalStateException("the change feed has a gap after position " + position);
        }
        position = change.position();
        ring[index(position)] = change;
        before = Math.max(before, position - MOST);
      }
      news.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void confirm(Confirmation confirmed) {
    lock.lock();
    try {
      confirmation = confirmed;
      news.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Ends every {@link #await} under way. */
  void wake() {
    lock.lock();
    try {
      news.signalAll();
    } finally {
      lock.unlock();
    }
  }

  State state() {
    lock.lock();
    try {
      return new State(position, confirmation);
    } finally {
      lock.unlock();
    }
  }

  /** Waits for another state than {@code known}, a {@link #wake}, or that {@code longest} has passed. */
  State await(State known, Duration longest) throws InterruptedException {
    lock.lock();
    try {
      if (position == known.position() && confirmation == known.confirmation()) {
        news.await(longest.toNanos(), TimeUnit.NANOSECONDS);
      }
      return new State(position, confirmation);
    } finally {
      lock.unlock();
    }
  }

  /** The changes after {@code after}, or empty when they are not all in memory. */
  Optional<List<Change>> after(long after, int limit) {
    lock.lock();
    try {
      if (after >= position || after < before) {
        return Optional.empty();
      }
      long last = Math.min(position, after + limit);
      List<Change> changes = new ArrayList<>();
      for (long next = after + 1; next <= last; next++) {
        Change change = ring[index(next)];
        if (change != null) {
          changes.add(change);
        }
      }
      return Optional.of(changes);
    } finally {
      lock.unlock();
    }
  }

  private static int index(long position) {
    return (int) (position % MOST);
  }
}
