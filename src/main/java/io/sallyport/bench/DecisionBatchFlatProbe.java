package io.sallyport.bench;

import jakarta.inject.Singleton;

/** {@link DecisionBatchProbe}: what is left of it as the fleet grows from a thousand devices and ten policies. */
@Singleton
final class DecisionBatchFlatProbe implements Probe {
  private final DecidedFleet fleet;

  DecisionBatchFlatProbe(DecidedFleet fleet) {
    this.fleet = fleet;
  }

  @Override
  public String name() {
    return "batch-100-flat";
  }

  @Override
  public String group() {
    return "decisions";
  }

  @Override
  public Figure measure() throws Exception {
    return Figure.of(
        name(),
        fleet.fronted(100).share(),
        "of bare",
        fleet.measured().hundred().share(),
        "the same at 1,000 devices and 10 policies");
  }
}
