package io.sallyport.door;

import io.quarkus.runtime.ShutdownEvent;
import io.vertx.core.http.HttpServerRequest;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import org.jspecify.annotations.Nullable;

/** Traces of requests, when they are switched on; otherwise nothing of OpenTelemetry is loaded. */
@Singleton
final class Traces {
  private final @Nullable OtlpTraces on;

  Traces(TraceSettings settings) {
    this.on = settings
        .endpoint()
        .map(endpoint -> OtlpTraces.to(endpoint, settings.ratio()))
        .orElse(null);
  }

  /** A span that continues the request's W3C trace parent, or null without traces. */
  @Nullable
  Trace begin(String front, HttpServerRequest request) {
    return on == null ? null : on.begin(front, request);
  }

  /** Last, so that the spans of what stops are sent too. */
  void stop(@Observes @Priority(Integer.MAX_VALUE) ShutdownEvent event) {
    if (on != null) {
      on.close();
    }
  }
}
