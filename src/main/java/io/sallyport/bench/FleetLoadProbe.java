package io.sallyport.bench;

import jakarta.inject.Singleton;

/** Seconds to load a million devices from the database; beside them the rows read and thrown away. */
@Singleton
final class FleetLoadProbe implements Probe {
  private final DecidedFleet fleet;

  FleetLoadProbe(DecidedFleet fleet) {
    this.fleet = fleet;
  }

  @Override
  public String name() {
    return "load-million";
  }

  @Override
  public String group() {
    return "decisions";
  }

  @Override
  public Figure measure() throws Exception {
    DecidedFleet.Measured measured = fleet.measured();
    return Figure.of(name(), measured.seconds(), "s", measured.reading(), "reading the same rows");
  }
}
