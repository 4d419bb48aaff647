package io.sallyport.bench;

import jakarta.inject.Singleton;

/** {@link DecisionHttpProbe}: what is left of it as the fleet grows from a thousand devices and ten policies. */
@Singleton
final class DecisionHttpFlatProbe implements Probe {
  private final DecidedFleet fleet;

  DecisionHttpFlatProbe(DecidedFleet fleet) {
    this.fleet = fleet;
  }

  @Override
  public String name() {
    return "http-flat";
  }

  @Override
  public String group() {
    return "decisions";
  }

  @Override
  public Figure measure() throws Exception {
    return Figure.of(
        name(),
        fleet.fronted(1).share(),
        "of bare",
        fleet.measured().one().share(),
        "the same at 1,000 devices and 10 policies");
  }
}
