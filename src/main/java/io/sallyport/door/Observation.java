package io.sallyport.door;

import io.vertx.ext.web.RoutingContext;
import java.util.function.Supplier;
import org.jboss.logging.MDC;
import org.jspecify.annotations.Nullable;

/** A request under way as operators see it: its id, since when, and its trace when there is one. */
final class Observation {
  private static final String KEY = Observation.class.getName();
  private static final String TRACE_KEY = "trace_id";

  private final String id;
  private final long started = System.nanoTime();
  private final @Nullable Trace trace;

  Observation(String id, @Nullable Trace trace) {
    this.id = id;
    this.trace = trace;
  }

  /** That of this request, or null where nothing is observed. */
  static @Nullable Observation of(RoutingContext context) {
    return context.get(KEY);
  }

  void begin(RoutingContext context) {
    context.put(KEY, this);
    mark();
  }

  /** Runs a use case on a thread of its own: its lines in the log carry the id, its time is a span. */
  <T> T during(Supplier<T> useCase) {
    mark();
    try {
      return trace == null ? useCase.get() : trace.during(useCase);
    } finally {
      MDC.remove(RequestId.KEY);
      MDC.remove(TRACE_KEY);
    }
  }

  void end(String method, String route, int status) {
    if (trace != null) {
      trace.end(method, route, status);
    }
  }

  long nanos() {
    return System.nanoTime() - started;
  }

  private void mark() {
    MDC.put(RequestId.KEY, id);
    if (trace != null) {
      MDC.put(TRACE_KEY, trace.id());
    }
  }
}
