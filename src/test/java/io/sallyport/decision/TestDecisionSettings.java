package io.sallyport.decision;

import java.nio.file.Path;
import java.time.Duration;

/** The settings of a decision point whose log a test writes by itself. */
record TestDecisionSettings(
    double logPermits,
    LogOverflow logOverflow,
    Duration logWait,
    String spillFolder,
    int spillMegabytes)
    implements DecisionSettings {
  static TestDecisionSettings logging(double permits) {
    return new TestDecisionSettings(permits, LogOverflow.DROP, Duration.ofMillis(10), "nowhere", 1);
  }

  static TestDecisionSettings spilling(Path folder, int megabytes) {
    return new TestDecisionSettings(
        1, LogOverflow.SPILL, Duration.ofMillis(10), folder.toString(), megabytes);
  }

  static TestDecisionSettings blocking(Duration wait) {
    return new TestDecisionSettings(1, LogOverflow.BLOCK, wait, "nowhere", 1);
  }

  @Override
  public Duration confirmWithin() {
    return Duration.ofSeconds(5);
  }

  @Override
  public Duration logEvery() {
    return Duration.ofHours(1);
  }
}
