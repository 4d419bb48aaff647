package io.sallyport.bench;

import jakarta.inject.Singleton;

/** Decisions a second on one thread, a million devices and a thousand policies in memory; beside them as many readings of an array. */
@Singleton
final class DecisionRateProbe implements Probe {
  private final DecidedFleet fleet;

  DecisionRateProbe(DecidedFleet fleet) {
    this.fleet = fleet;
  }

  @Override
  public String name() {
    return "in-process";
  }

  @Override
  public String group() {
    return "decisions";
  }

  @Override
  public Figure measure() throws Exception {
    DecidedFleet.Measured measured = fleet.measured();
    return Figure.of(
        name(), measured.large(), "decisions/s", measured.bare(), "readings of an array, 1 thread");
  }
}
