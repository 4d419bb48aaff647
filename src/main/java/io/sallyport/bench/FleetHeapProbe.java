package io.sallyport.bench;

import jakarta.inject.Singleton;

/** Megabytes of heap that a million devices take; beside them what is told of each, put end to end. */
@Singleton
final class FleetHeapProbe implements Probe {
  private static final double MEGABYTE = 1024 * 1024;
  private static final double MILLION = DecisionFleet.MILLION;
  /** Device and appraisal 16 each, thumbprint 32, certificate's serial number 17, device's 12, three ends 4 each. */
  private static final double OCTETS = 16 + 16 + 32 + 17 + 12 + 12;

  private final DecidedFleet fleet;

  FleetHeapProbe(DecidedFleet fleet) {
    this.fleet = fleet;
  }

  @Override
  public String name() {
    return "heap-million";
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
        measured.heap() / MEGABYTE,
        "MB",
        OCTETS * MILLION / MEGABYTE,
        "ids, digests, serials, ends");
  }
}
