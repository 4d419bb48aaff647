package io.sallyport.bench;

import jakarta.inject.Singleton;
import java.time.Duration;

/** Certificates a second through the door of {@code pki}, for 32 callers, each time another device and key. */
@Singleton
final class IssuanceProbe implements Probe {
  static final String UNIT = "certificates/s";
  static final String BARELY = "signatures, 2 commits per 64";
  /** Until what is hot is compiled. */
  static final Duration WARM_UP = Duration.ofSeconds(10);

  private static final int CALLERS = 32;

  private final IssuancePlant plant;
  private final BareIssuance bare;
  private final BenchSettings settings;

  IssuanceProbe(IssuancePlant plant, BareIssuance bare, BenchSettings settings) {
    this.plant = plant;
    this.bare = bare;
    this.settings = settings;
  }

  @Override
  public String name() {
    return "issuance";
  }

  @Override
  public Figure measure() throws Exception {
    var orders = plant.orders(WARM_UP.plus(settings.benchTime()));
    plant.rate(CALLERS, orders, WARM_UP);
    double rate = plant.rate(CALLERS, orders, settings.benchTime());
    return Figure.of(name(), rate, UNIT, bare.rate(settings.benchTime()), BARELY);
  }
}
