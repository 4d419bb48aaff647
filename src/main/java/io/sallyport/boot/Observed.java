package io.sallyport.boot;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.sallyport.door.Observations;
import io.vertx.ext.web.Router;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/** Has every front observed: those for devices and status when they open, that for people when Quarkus makes it. */
@Singleton
final class Observed {
  static final String DEVICES = "devices";
  static final String STATUS = "status";
  private static final String PEOPLE = "people";

  /** Before everything else that looks at a request; higher is earlier. */
  private static final int FIRST = 10_000;

  private final Observations observations;
  private final MeterRegistry meters;

  Observed(Observations observations, MeterRegistry meters) {
    this.observations = observations;
    this.meters = meters;
  }

  void people(@Observes Filters filters) {
    filters.register(observations.on(PEOPLE), FIRST);
  }

  void requests(String front, Router router) {
    router.route().handler(observations.on(front));
  }

  /** Counts connections that came to nothing: failed TLS handshakes, octets that are not HTTP. */
  Runnable failuresOn(String front) {
    Counter failures = Counter.builder("sallyport.connection.failures")
        .description("Connections that failed before a request, failed TLS handshakes above all")
        .tag("front", front)
        .register(meters);
    return failures::increment;
  }
}
