package io.sallyport.kernel;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets concurrent calls share a transaction, and with it its commit: whatever waits is taken together with
 * those who are on the way, and an idle server answers a single call at once. Any thread.
 *
 * <p>A call that fails, fails alone. The work names it by {@link Spoiled}: it is taken out and the others are done again.
 * What fails without a name is done again one by one, unless the database is away.
 */
public final class SharedCommits<A, R> {
  /** More than all callers of a server at once; beyond them it is better to be told than to wait. */
  private static final int MOST_WAITING = 4096;

  private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);
  /** A batch that takes longer waits for a lock, or for a database that has other things to do. */
  private static final Duration LONG = Duration.ofMillis(100);

  /** How long those who are on the way are waited for, and between two looks. */
  private static final Duration LONGEST_PAUSE = Duration.ofMillis(3);

  private static final Duration PAUSE = Duration.ofNanos(100_000);

  /** With so many a batch is worth its fixed cost. */
  private static final int WORTH_IT = 24;

  private static final Duration LONGEST_TURN = Duration.ofMillis(20);

  /** How often what remains is done together again; after that somebody spoils it on purpose. */
  private static final int TRIES_TOGETHER = 4;
  /** SQLSTATE class of a transaction that the database ended for another's sake, such as a deadlock. */
  private static final String ROLLED_BACK = "40";

  private final BlockingQueue<Call<A, R>> waiting = new LinkedBlockingQueue<>(MOST_WAITING);
  private final AtomicInteger working = new AtomicInteger();
  /** Callers who still prepare what they will ask. */
  private final AtomicInteger coming = new AtomicInteger();

  private final AtomicInteger committing = new AtomicInteger();
  /** When the youngest batch began. */
  private volatile long begun;

  private volatile @Nullable SharedCommits<?, ?> other;

  private final String name;
  private final int workers;
  private final int most;
  private final Function<List<A>, List<R>> work;

  private record Call<A, R>(A asked, CompletableFuture<R> answer) {}

  /**
   * @param workers how many transactions at once
   * @param most how many calls share one
   * @param work answers each call, in their order; all in one transaction, which is rolled back when it throws
   */
  public SharedCommits(String name, int workers, int most, Function<List<A>, List<R>> work) {
    this.name = name;
    this.workers = workers;
    this.most = most;
    this.work = work;
  }

  /**
   * From now on a small batch of either waits a moment for the transaction of the other's to end, and grows meanwhile: by
   * turns they need fewer transactions for the same calls than side by side.
   */
  public static void alternate(SharedCommits<?, ?> one, SharedCommits<?, ?> other) {
    one.other = other;
    other.other = one;
  }

  /** Thrown by the work: everything is rolled back, and this call is why. */
  public static final class Spoiled extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int index;

    public Spoiled(int index, Throwable cause) {
      super(null, cause, false, false);
      this.index = index;
    }

    public int index() {
      return index;
    }

    /** What the caller is to see. */
    public RuntimeException reason() {
      return getCause() instanceof RuntimeException reason
          ? reason
          : new IllegalStateException(getCause());
    }
  }

  /** @param asked made in here, so that a batch that is about to begin waits for it a moment */
  public R call(Supplier<A> asked) {
    Call<A, R> call;
    coming.incrementAndGet();
    try {
      call = new Call<>(asked.get(), new CompletableFuture<>());
      queue(call);
    } finally {
      coming.decrementAndGet();
    }
    wake();
    return answer(call.answer);
  }

  private void queue(Call<A, R> call) {
    try {
      if (!waiting.offer(call, LONGEST_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new Refusal(
            CommonProblem.UNAVAILABLE, "Too many requests wait already; repeat it in a moment.");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Refusal(CommonProblem.UNAVAILABLE, "The server ends; repeat the request.");
    }
  }

  /** A further worker only when the others do not keep up: two that share what is there commit twice as often. */
  private void wake() {
    int now = working.get();
    while (now < workers
        && (now == 0 || waiting.size() >= most || System.nanoTime() - begun > LONG.toNanos())) {
      if (working.compareAndSet(now, now + 1)) {
        Thread.ofVirtual().name(name).start(this::work);
        return;
      }
      now = working.get();
    }
  }

  private void work() {
    try {
      for (List<Call<A, R>> batch = take(); !batch.isEmpty(); batch = take()) {
        together(batch);
      }
    } finally {
      working.decrementAndGet();
      // Who came after the last look saw this one still working.
      if (!waiting.isEmpty()) {
        wake();
      }
    }
  }

  /** Whoever is on the way would otherwise wait for the whole of the next transaction. */
  private void awaitComing() {
    long end = System.nanoTime() + LONGEST_PAUSE.toNanos();
    while (coming.get() > 0 && waiting.size() < most && System.nanoTime() < end) {
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  private void awaitTurn() {
    SharedCommits<?, ?> turn = other;
    long end = System.nanoTime() + LONGEST_TURN.toNanos();
    while (turn != null
        && turn.committing.get() > 0
        && waiting.size() < WORTH_IT
        && System.nanoTime() < end) {
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  private List<Call<A, R>> take() {
    begun = System.nanoTime();
    if (!waiting.isEmpty()) {
      awaitTurn();
      awaitComing();
    }
    List<Call<A, R>> batch = new ArrayList<>();
    waiting.drainTo(batch, most);
    return batch;
  }

  private void together(List<Call<A, R>> batch) {
    begun = System.nanoTime();
    List<Call<A, R>> left = new ArrayList<>(batch);
    for (int tries = 0; left.size() > 1 && tries < TRIES_TOGETHER; tries++) {
      try {
        answer(left);
        return;
      } catch (Spoiled spoiled) {
        left.remove(spoiled.index()).answer.completeExceptionally(spoiled.reason());
      } catch (RuntimeException | Error failure) {
        if (away(failure)) {
          left.forEach(call -> call.answer.completeExceptionally(failure));
          return;
        }
        break;
      }
    }
    left.forEach(this::alone);
  }

  private void alone(Call<A, R> call) {
    try {
      answer(List.of(call));
    } catch (Spoiled spoiled) {
      call.answer.completeExceptionally(spoiled.reason());
    } catch (RuntimeException | Error failure) {
      call.answer.completeExceptionally(failure);
    }
  }

  private void answer(List<Call<A, R>> calls) {
    FollowUps.Collected<List<R>> done;
    committing.incrementAndGet();
    try {
      done = FollowUps.collect(() -> work.apply(calls.stream().map(Call::asked).toList()));
    } finally {
      committing.decrementAndGet();
    }
    if (done.followUps().isEmpty()) {
      complete(calls, done.result());
      return;
    }
    // The next batch does not wait for what only those of this one wait for.
    Thread.ofVirtual().name(name + "-follow-up").start(() -> {
      try {
        done.followUps().forEach(Runnable::run);
      } finally {
        complete(calls, done.result());
      }
    });
  }

  private static <A, R> void complete(List<Call<A, R>> calls, List<R> answers) {
    for (int i = 0; i < calls.size(); i++) {
      calls.get(i).answer.complete(answers.get(i));
    }
  }

  private static boolean away(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException sql
          && sql.getSQLState() != null
          && sql.getSQLState().startsWith(ROLLED_BACK)) {
        return false;
      }
    }
    return Outage.caused(failure);
  }

  private static <R> R answer(CompletableFuture<R> answer) {
    try {
      return answer.join();
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
}
