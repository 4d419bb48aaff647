package io.sallyport.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * What has to be done after a commit before the one who asked for it hears of it. The thread that committed does it at
 * once, unless it collects such work for another one and goes on.
 */
public final class FollowUps {
  private static final ScopedValue<List<Runnable>> COLLECTED = ScopedValue.newInstance();

  private FollowUps() {}

  /** For whoever has something to do: now, or when the collector has it done. It must not throw. */
  public static void run(Runnable followUp) {
    if (COLLECTED.isBound()) {
      COLLECTED.get().add(followUp);
    } else {
      followUp.run();
    }
  }

  /** What work came to, and what is left to do, in this order, before anybody hears of it. */
  public record Collected<R>(R result, List<Runnable> followUps) {}

  public static <R> Collected<R> collect(Supplier<R> work) {
    List<Runnable> followUps = new ArrayList<>();
    R result = ScopedValue.where(COLLECTED, followUps).call(work::get);
    return new Collected<>(result, followUps);
  }
}
