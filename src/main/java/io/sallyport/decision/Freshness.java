package io.sallyport.decision;

import jakarta.inject.Singleton;
import java.time.Duration;

/** Whether this node may decide, for those who watch the server. */
@Singleton
public final class Freshness {
  private final DecisionPoint decisions;
  private final DecisionSettings settings;

  Freshness(DecisionPoint decisions, DecisionSettings settings) {
    this.decisions = decisions;
    this.settings = settings;
  }

  /** Whether it was confirmed current within the bound of law 5; where not, it denies. */
  public boolean isCurrent() {
    Duration lag = decisions.lag();
    return !lag.isNegative() && lag.compareTo(settings.confirmWithin()) <= 0;
  }
}
