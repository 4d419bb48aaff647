package io.sallyport.bench;

import jakarta.inject.Singleton;

/** Seconds to say what other policies would change for a hundred thousand devices; beside them twice as many decisions. */
@Singleton
final class PlanProbe implements Probe {
  private final DecidedFleet fleet;

  PlanProbe(DecidedFleet fleet) {
    this.fleet = fleet;
  }

  @Override
  public String name() {
    return "plan";
  }

  @Override
  public String group() {
    return "decisions";
  }

  @Override
  public Figure measure() throws Exception {
    DecidedFleet.Planned planned = fleet.planned();
    return Figure.of(name(), planned.seconds(), "s", planned.deciding(), "twice as many decisions");
  }
}
