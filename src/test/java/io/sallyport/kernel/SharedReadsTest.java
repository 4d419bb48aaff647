package io.sallyport.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.sallyport.testing.Patience;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Everybody gets an own answer, and nobody one from before the question. */
class SharedReadsTest {
  private final Map<Integer, String> committed = new ConcurrentHashMap<>();
  private final List<Set<Integer>> queries = new CopyOnWriteArrayList<>();

  @Test
  void whoAsksDuringAQueryIsInTheNextTogether() throws Exception {
    Semaphore go = new Semaphore(0);
    SharedReads<Integer, String> reads = new SharedReads<>("test", keys -> {
      queries.add(Set.copyOf(keys));
      go.acquireUninterruptibly();
      return found(keys);
    });
    committed.put(1, "one");
    committed.put(2, "two");
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Optional<String>> first = callers.submit(() -> reads.find(1));
      Patience.untilTrue("the first query is under way", () -> queries.size() == 1);
      List<Future<Optional<String>>> rest = IntStream.of(1, 2, 3, 2)
          .mapToObj(key -> callers.submit(() -> reads.find(key)))
          .toList();
      Patience.untilTrue("all have asked", () -> reads.waiting() == rest.size());
      go.release(2);

      assertEquals(Optional.of("one"), first.get());
      List<String> answers = new ArrayList<>();
      for (Future<Optional<String>> one : rest) {
        answers.add(one.get().orElse("none"));
      }
      assertEquals(List.of("one", "two", "none", "two"), answers);
    }
    assertEquals(List.of(Set.of(1), Set.of(1, 2, 3)), queries);
  }

  @Test
  void nobodyGetsAnAnswerFromBeforeTheQuestion() throws Exception {
    SharedReads<Integer, String> reads = new SharedReads<>("test", this::found);
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> all = IntStream.range(0, 64)
          .mapToObj(caller -> callers.submit(() -> {
            for (int round = 0; round < 500; round++) {
              String written = caller + " " + round;
              committed.put(caller, written);
              assertEquals(Optional.of(written), reads.find(caller));
            }
            return caller;
          }))
          .toList();
      for (Future<Integer> one : all) {
        one.get();
      }
    }
  }

  @Test
  void whatCannotBeAskedForSpoilsNobodyElsesQuestion() throws Exception {
    Semaphore go = new Semaphore(0);
    IllegalArgumentException bad = new IllegalArgumentException("no such thing");
    SharedReads<Integer, String> reads = new SharedReads<>("test", keys -> {
      queries.add(Set.copyOf(keys));
      if (queries.size() == 1) {
        go.acquireUninterruptibly();
      }
      if (keys.contains(-1)) {
        throw bad;
      }
      return found(keys);
    });
    committed.put(2, "two");
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Optional<String>> first = callers.submit(() -> reads.find(1));
      Patience.untilTrue("the first query is under way", () -> queries.size() == 1);
      Future<Optional<String>> good = callers.submit(() -> reads.find(2));
      Future<Throwable> spoiled =
          callers.submit(() -> assertThrows(IllegalArgumentException.class, () -> reads.find(-1)));
      Patience.untilTrue("both have asked", () -> reads.waiting() == 2);
      go.release();

      assertEquals(Optional.empty(), first.get());
      assertEquals(Optional.of("two"), good.get());
      assertSame(bad, spoiled.get());
    }
    assertEquals(Optional.of("two"), reads.find(2));
  }

  @Test
  void aQueryHasNoMoreKeysThanItMay() throws Exception {
    Semaphore go = new Semaphore(0);
    AtomicInteger largest = new AtomicInteger();
    SharedReads<Integer, String> reads = new SharedReads<>("test", keys -> {
      queries.add(Set.of());
      if (queries.size() == 1) {
        go.acquireUninterruptibly();
      }
      largest.accumulateAndGet(keys.size(), Math::max);
      return found(keys);
    });
    IntStream.range(0, 1_000).forEach(key -> committed.put(key, "is " + key));
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Optional<String>> first = callers.submit(() -> reads.find(0));
      Patience.untilTrue("the first query is under way", () -> queries.size() == 1);
      List<Future<Optional<String>>> rest = IntStream.range(0, 1_000)
          .mapToObj(key -> callers.submit(() -> reads.find(key)))
          .toList();
      Patience.untilTrue("all have asked", () -> reads.waiting() == rest.size());
      go.release();

      first.get();
      Set<String> answers = new HashSet<>();
      for (Future<Optional<String>> one : rest) {
        answers.add(one.get().orElseThrow());
      }
      assertEquals(1_000, answers.size());
    }
    assertEquals(256, largest.get());
  }

  private Map<Integer, String> found(Set<Integer> keys) {
    return keys.stream()
        .filter(committed::containsKey)
        .collect(Collectors.toMap(key -> key, committed::get));
  }
}
