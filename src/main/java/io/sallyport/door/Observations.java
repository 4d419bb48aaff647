package io.sallyport.door;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.sallyport.kernel.Ids;
import io.vertx.core.AsyncResult;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * What operators see of every request on every front: an id that comes back as {@code X-Request-ID} and stands in each of
 * its lines in the log, its time by route, a line for itself and a span when these are switched on. Any thread.
 */
@Singleton
public final class Observations {
  private static final Logger LOG = Logger.getLogger("io.sallyport.access");
  private static final String ROUTE = Observations.class.getName() + ".route";
  private static final String NO_ROUTE = "none";
  /** Anybody can make methods up, and each would be a time series. */
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

  private record Measured(String front, String method, String route, String status) {}

  /** A registry looks tags up slowly; there are few of these. */
  private final Map<Measured, Timer> timers = new ConcurrentHashMap<>();

  private final MeterRegistry meters;
  private final Traces traces;
  private final Ids ids;
  private final boolean accessLog;

  Observations(MeterRegistry meters, Traces traces, Ids ids, LogSettings settings) {
    this.meters = meters;
    this.traces = traces;
    this.ids = ids;
    this.accessLog = settings.access();
  }

  /** The first handler of a front. */
  public Handler<RoutingContext> on(String front) {
    return context -> {
      String id = RequestId.of(context.request().getHeader(RequestId.HEADER), ids);
      context.response().putHeader(RequestId.HEADER, id);
      Observation observation = new Observation(id, traces.begin(front, context.request()));
      observation.begin(context);
      context.addEndHandler(end -> ended(front, context, observation, end));
      context.next();
    };
  }

  /** Says which route a request took, for a front whose router does not know it. */
  public static void routed(RoutingContext context, String template) {
    context.put(ROUTE, template);
  }

  private void ended(
      String front, RoutingContext context, Observation observation, AsyncResult<Void> end) {
    HttpServerResponse response = context.response();
    int status = end.succeeded() || response.ended() ? response.getStatusCode() : 0;
    String method = context.request().method().name();
    String known = METHODS.contains(method) ? method : "other";
    String route = route(context);
    long nanos = observation.nanos();
    timers
        .computeIfAbsent(new Measured(front, known, route, statusClass(status)), this::timer)
        .record(nanos, TimeUnit.NANOSECONDS);
    observation.end(known, route, status);
    if (accessLog) {
      LOG.infof(
          "%s %s %s %s in %.1f ms from %s",
          front,
          known,
          route,
          status == 0 ? "cut off" : Integer.toString(status),
          nanos / 1e6,
          context.request().remoteAddress().hostAddress());
    }
  }

  private Timer timer(Measured measured) {
    return Timer.builder("sallyport.http.requests")
        .description("Requests answered, by front and route")
        .tag("front", measured.front)
        .tag("method", measured.method)
        .tag("route", measured.route)
        .tag("status", measured.status)
        .register(meters);
  }

  private static String statusClass(int status) {
    return status == 0 ? "none" : status / 100 + "xx";
  }

  private static String route(RoutingContext context) {
    String template = context.get(ROUTE);
    if (template != null) {
      return template;
    }
    Route route = context.currentRoute();
    return route == null || route.getPath() == null ? NO_ROUTE : route.getPath();
  }
}
