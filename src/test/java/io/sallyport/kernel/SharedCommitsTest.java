package io.sallyport.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.testing.Patience;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Who waits shares; who fails, fails alone; and two that take turns hold nobody up. */
class SharedCommitsTest {
  private final List<List<Integer>> batches = new CopyOnWriteArrayList<>();

  private final Function<List<Integer>, List<String>> work = asked -> {
    batches.add(asked);
    return asked.stream().map(one -> "is " + one).toList();
  };

  @Test
  void whoWaitsIsTakenTogether() throws Exception {
    Semaphore go = new Semaphore(0);
    SharedCommits<Integer, String> commits = commits(asked -> {
      go.acquireUninterruptibly();
      return work.apply(asked);
    });
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<String>> all = IntStream.range(0, 40)
          .mapToObj(one -> callers.submit(() -> commits.call(() -> one)))
          .toList();
      go.release(40);
      for (int one = 0; one < all.size(); one++) {
        assertEquals("is " + one, all.get(one).get());
      }
    }
    assertEquals(40, batches.stream().mapToInt(List::size).sum());
    assertTrue(batches.size() < 40, "some shared");
    assertTrue(batches.stream().allMatch(batch -> batch.size() <= 16), "no batch is too large");
  }

  @Test
  void whoSpoilsABatchFailsAlone() throws Exception {
    SharedCommits<Integer, String> commits = commits(asked -> {
      int bad = asked.indexOf(7);
      if (bad >= 0) {
        throw new SharedCommits.Spoiled(bad, new IllegalArgumentException("seven"));
      }
      return work.apply(asked);
    });
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<String>> all = IntStream.range(0, 16)
          .mapToObj(one -> callers.submit(() -> commits.call(() -> one)))
          .toList();
      for (int one = 0; one < all.size(); one++) {
        if (one == 7) {
          Future<String> spoiled = all.get(one);
          ExecutionException failed = assertThrows(ExecutionException.class, spoiled::get);
          assertTrue(String.valueOf(failed.getCause()).endsWith("seven"), failed::toString);
        } else {
          assertEquals("is " + one, all.get(one).get());
        }
      }
    }
  }

  @Test
  void aSmallBatchWaitsForTheOtherAMomentOnly() throws Exception {
    Semaphore go = new Semaphore(0);
    Semaphore begun = new Semaphore(0);
    SharedCommits<Integer, String> slow = commits(asked -> {
      begun.release();
      go.acquireUninterruptibly();
      return List.of("slow");
    });
    SharedCommits<Integer, String> commits = commits(work);
    SharedCommits.alternate(slow, commits);
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<String> first = callers.submit(() -> slow.call(() -> 0));
      begun.acquire();
      // The other takes longer than anybody waits for it.
      assertEquals("is 1", commits.call(() -> 1));
      go.release();
      assertEquals("slow", first.get());
      assertEquals("is 2", commits.call(() -> 2));
    }
  }

  @Test
  void twoThatTakeTurnsAnswerEverybody() throws Exception {
    SharedCommits<Integer, String> one = commits(work);
    SharedCommits<Integer, String> other = commits(work);
    SharedCommits.alternate(one, other);
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<String>> all = IntStream.range(0, 2_000)
          .mapToObj(number -> callers.submit(() -> {
            String first = one.call(() -> number);
            assertEquals(first, other.call(() -> number));
            return first;
          }))
          .toList();
      for (int number = 0; number < all.size(); number++) {
        assertEquals("is " + number, all.get(number).get());
      }
    }
    Patience.untilTrue(
        "each was done once by each",
        () -> batches.stream().mapToInt(List::size).sum() == 4_000);
  }

  private static SharedCommits<Integer, String> commits(
      Function<List<Integer>, List<String>> work) {
    return new SharedCommits<>("test", 2, 16, work);
  }
}
