package io.sallyport.enrollment;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import jakarta.inject.Singleton;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * How many enrollments read and write the database by themselves at the same time. Far more wait in a shared commit, where
 * they hold no connection; without this bound they would all take one at once, and leave none to anybody else.
 */
@Singleton
final class Turns {
  /** Each holds one connection, and right after a commit of its own a second one to refresh the decision point. */
  private static final int MOST_AT_ONCE = 5;

  private static final int LONGEST_WAIT_SECONDS = 10;

  private final Semaphore places = new Semaphore(MOST_AT_ONCE);

  /** The same for work without an answer. */
  void run(Runnable work) {
    take(() -> {
      work.run();
      return true;
    });
  }

  /** Refuses with {@code unavailable} when no turn comes. */
  <T> T take(Supplier<T> work) {
    try {
      if (!places.tryAcquire(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)) {
        throw new Refusal(
            CommonProblem.UNAVAILABLE, "The server is busy; repeat the request later.");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Refusal(CommonProblem.UNAVAILABLE, "The server ends; repeat the request.");
    }
    try {
      return work.get();
    } finally {
      places.release();
    }
  }
}
