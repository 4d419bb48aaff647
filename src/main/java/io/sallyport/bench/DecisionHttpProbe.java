package io.sallyport.bench;

import jakarta.inject.Singleton;

/** Decisions a second over TLS, one in a request; beside them a Vert.x route that reads and answers as many octets, asked by the same client in turns. */
@Singleton
final class DecisionHttpProbe implements Probe {
  private final DecidedFleet fleet;

  DecisionHttpProbe(DecidedFleet fleet) {
    this.fleet = fleet;
  }

  @Override
  public String name() {
    return "http";
  }

  @Override
  public String group() {
    return "decisions";
  }

  @Override
  public Figure measure() throws Exception {
    DecisionFront.Rates rates = fleet.fronted(1);
    return Figure.of(
        name(), rates.server(), "decisions/s", rates.bare(), "Vert.x route over TLS, same octets");
  }
}
