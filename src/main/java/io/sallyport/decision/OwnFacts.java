package io.sallyport.decision;

import io.sallyport.events.Changes.Change;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Facts that this node recorded: what they changed is in memory already when they come by the feed, and need not be read
 * once more. Any thread.
 */
@Singleton
final class OwnFacts {
  /** As many as the feed keeps in memory; what is forgotten is read again. */
  private static final int MOST = 4096;

  /** Longer than a commit waits for its own reading. */
  private static final Duration LONGEST = Duration.ofSeconds(3);

  private final Map<UUID, CompletableFuture<Boolean>> facts = new LinkedHashMap<>();

  /** Recorded, not yet committed. */
  void begin(UUID fact) {
    synchronized (facts) {
      facts.put(fact, new CompletableFuture<>());
      if (facts.size() > MOST) {
        forget(facts.keySet().iterator().next());
      }
    }
  }

  private void forget(UUID fact) {
    CompletableFuture<Boolean> oldest = facts.remove(fact);
    if (oldest != null) {
      oldest.complete(false);
    }
  }

  /** @param seen whether what they changed was read after their commit */
  void end(Collection<UUID> ended, boolean seen) {
    synchronized (facts) {
      for (UUID fact : ended) {
        CompletableFuture<Boolean> known = facts.get(fact);
        if (known != null) {
          known.complete(seen);
        }
        if (!seen) {
          facts.remove(fact);
        }
      }
    }
  }

  /** Whether memory holds what this change left, or something later. Waits for a reading under way. */
  boolean holds(Change change) {
    CompletableFuture<Boolean> own = own(change.id());
    try {
      return own != null && own.get(LONGEST.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private @Nullable CompletableFuture<Boolean> own(UUID fact) {
    synchronized (facts) {
      return facts.get(fact);
    }
  }
}
