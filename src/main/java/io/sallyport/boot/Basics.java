package io.sallyport.boot;

import io.micrometer.core.instrument.config.MeterFilter;
import io.sallyport.kernel.Ids;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.security.SecureRandom;
import java.time.Clock;

/** Time and randomness for everybody. */
@Singleton
final class Basics {
  @Produces
  @Singleton
  Clock clock() {
    return Clock.systemUTC();
  }

  @Produces
  @Singleton
  SecureRandom random() {
    return new SecureRandom();
  }

  @Produces
  @Singleton
  Ids ids(Clock clock, SecureRandom random) {
    return new Ids(clock, random);
  }

  /** A datagram to a network access server is a withdrawal, which has figures of its own. */
  @Produces
  @Singleton
  MeterFilter noDatagrams() {
    return MeterFilter.denyNameStartsWith("udp");
  }
}
