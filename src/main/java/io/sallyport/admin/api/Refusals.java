package io.sallyport.admin.api;

import io.micrometer.core.instrument.MeterRegistry;
import io.sallyport.kernel.Problem;
import jakarta.inject.Singleton;

/** Counts what the people front refuses, under the name that the device front counts under too (law 8). */
@Singleton
final class Refusals {
  private final MeterRegistry meters;

  Refusals(MeterRegistry meters) {
    this.meters = meters;
  }

  void count(Problem problem) {
    meters.counter("sallyport_refusals", "problem", problem.slug()).increment();
  }
}
