package io.sallyport.kernel;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * Lets concurrent callers share a query: whoever asks while one is under way is in the next. Each sees all that was
 * committed before it asked, and none of what its own transaction has not committed. Any thread that may block.
 *
 * @param <K> what is asked for; equal ones are asked for once
 */
public final class SharedReads<K, V> {
  private static final int MOST = 256;
  /** From the beginning of a query that had several questions to that of the next: then it has several too. */
  private static final Duration PACE = Duration.ofMillis(10);

  private final String name;
  private final Function<Set<K>, Map<K, V>> read;
  private final ArrayDeque<Asked<K, V>> waiting = new ArrayDeque<>();
  private boolean reading;
  /** Of the one thread that reads. */
  private long paced = System.nanoTime();

  private record Asked<K, V>(K key, CompletableFuture<Optional<V>> answer) {}

  /** @param read what there is of these keys, in a transaction of its own or in none */
  public SharedReads(String name, Function<Set<K>, Map<K, V>> read) {
    this.name = name;
    this.read = read;
  }

  public Optional<V> find(K key) {
    Asked<K, V> asked = new Asked<>(key, new CompletableFuture<>());
    synchronized (waiting) {
      waiting.add(asked);
      if (!reading) {
        reading = true;
        Thread.ofVirtual().name(name).start(this::readAll);
      }
    }
    try {
      return asked.answer.join();
    } catch (CompletionException failed) {
      if (failed.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (failed.getCause() instanceof Error cause) {
        throw cause;
      }
      throw failed;
    }
  }

  /** How many ask for what is in no query yet. */
  int waiting() {
    synchronized (waiting) {
      return waiting.size();
    }
  }

  private void readAll() {
    for (List<Asked<K, V>> next = next(); !next.isEmpty(); next = next()) {
      together(next);
    }
  }

  private List<Asked<K, V>> next() {
    LockSupport.parkNanos(paced - System.nanoTime());
    long begun = System.nanoTime();
    List<Asked<K, V>> next = new ArrayList<>();
    synchronized (waiting) {
      while (next.size() < MOST && !waiting.isEmpty()) {
        next.add(waiting.remove());
      }
      paced = next.size() > 1 ? begun + PACE.toNanos() : begun;
      reading = !next.isEmpty();
    }
    return next;
  }

  private void together(List<Asked<K, V>> all) {
    Set<K> keys = new HashSet<>();
    all.forEach(asked -> keys.add(asked.key));
    try {
      Map<K, V> found = read.apply(keys);
      all.forEach(asked -> asked.answer.complete(Optional.ofNullable(found.get(asked.key))));
    } catch (RuntimeException | Error failure) {
      if (keys.size() == 1 || Outage.caused(failure)) {
        all.forEach(asked -> asked.answer.completeExceptionally(failure));
      } else {
        // What cannot be asked for spoils nobody else's question.
        all.forEach(asked -> together(List.of(asked)));
      }
    }
  }
}
