package io.sallyport.bench;

import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;

/** Until what is hot is compiled: a server that runs for months is measured, not its first seconds. */
final class WarmUp {
  /** For a busy machine; a quiet one is done in a third of it. */
  private static final int MOST_ROUNDS = 12;
  /** Of one processor: what the compilers take when the rest of what is hot trickles in. */
  private static final double COMPILED = 0.15;

  /** Keeps busy what is to be measured. */
  interface Work {
    void run() throws Exception;
  }

  private WarmUp() {}

  /** Runs {@code work}, which takes {@code round} each time. */
  static void with(Duration round, Work work) throws Exception {
    CompilationMXBean compilers = ManagementFactory.getCompilationMXBean();
    for (int i = 0; i < MOST_ROUNDS; i++) {
      long before = compilers.getTotalCompilationTime();
      work.run();
      if (compilers.getTotalCompilationTime() - before < COMPILED * round.toMillis()) {
        return;
      }
    }
  }
}
