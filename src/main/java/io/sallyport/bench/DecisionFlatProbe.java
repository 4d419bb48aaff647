package io.sallyport.bench;

import jakarta.inject.Singleton;

/** The same beside decisions of a thousand devices and ten policies. */
@Singleton
final class DecisionFlatProbe implements Probe {
  private final DecidedFleet fleet;

  DecisionFlatProbe(DecidedFleet fleet) {
    this.fleet = fleet;
  }

  @Override
  public String name() {
    return "in-process-flat";
  }

  @Override
  public String group() {
    return "decisions";
  }

  @Override
  public Figure measure() throws Exception {
    DecidedFleet.Measured measured = fleet.measured();
    return Figure.of(
        name(),
        measured.large(),
        "decisions/s",
        measured.small(),
        "the same at 1,000 devices and 10 policies");
  }
}
