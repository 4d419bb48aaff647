package io.sallyport.bench;

import jakarta.inject.Singleton;

/** Certificates a second through the door of {@code pki}, for 32 callers, each time another device and key. */
@Singleton
final class IssuanceProbe implements Probe {
  static final String UNIT = "certificates/s";
  static final String BARELY = "signatures, 2 commits per 64";
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
    plant.warmUp(CALLERS);
    double rate = plant.rate(CALLERS, plant.orders(settings.benchTime()), settings.benchTime());
    return Figure.of(name(), rate, UNIT, bare.rate(settings.benchTime()), BARELY);
  }
}
