package io.sallyport.bench;

import jakarta.inject.Singleton;

/** The same as {@link IssuanceProbe} with four times the callers: it must not fall. */
@Singleton
final class CrowdedIssuanceProbe implements Probe {
  private static final int CALLERS = 128;

  private final IssuancePlant plant;
  private final BareIssuance bare;
  private final BenchSettings settings;

  CrowdedIssuanceProbe(IssuancePlant plant, BareIssuance bare, BenchSettings settings) {
    this.plant = plant;
    this.bare = bare;
    this.settings = settings;
  }

  @Override
  public String name() {
    return "issuance-128";
  }

  @Override
  public Figure measure() throws Exception {
    plant.warmUp(CALLERS);
    double rate = plant.rate(CALLERS, plant.orders(settings.benchTime()), settings.benchTime());
    return Figure.of(
        name(), rate, IssuanceProbe.UNIT, bare.rate(settings.benchTime()), IssuanceProbe.BARELY);
  }
}
