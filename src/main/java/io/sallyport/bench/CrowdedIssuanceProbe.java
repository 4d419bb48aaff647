package io.sallyport.bench;

import jakarta.inject.Singleton;
import java.time.Duration;

/** The same as {@link IssuanceProbe} with four times the callers: it must not fall. */
@Singleton
final class CrowdedIssuanceProbe implements Probe {
  private static final int CALLERS = 128;
  /** The other probe ran before. */
  private static final Duration WARM_UP = Duration.ofSeconds(3);

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
    var orders = plant.orders(WARM_UP.plus(settings.benchTime()));
    plant.rate(CALLERS, orders, WARM_UP);
    double rate = plant.rate(CALLERS, orders, settings.benchTime());
    return Figure.of(
        name(), rate, IssuanceProbe.UNIT, bare.rate(settings.benchTime()), IssuanceProbe.BARELY);
  }
}
