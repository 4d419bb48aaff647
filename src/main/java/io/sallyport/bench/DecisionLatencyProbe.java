package io.sallyport.bench;

import jakarta.inject.Singleton;

/** Microseconds within which 99 of 100 such decisions are made; beside them the clock alone. */
@Singleton
final class DecisionLatencyProbe implements Probe {
  private final DecidedFleet fleet;

  DecisionLatencyProbe(DecidedFleet fleet) {
    this.fleet = fleet;
  }

  @Override
  public String name() {
    return "in-process-p99";
  }

  @Override
  public String group() {
    return "decisions";
  }

  @Override
  public Figure measure() throws Exception {
    DecidedFleet.Measured measured = fleet.measured();
    return Figure.of(name(), measured.worst(), "us", measured.clock(), "reading the clock twice");
  }
}
