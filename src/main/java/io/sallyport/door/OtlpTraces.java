package io.sallyport.door;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Spans sent by OTLP over HTTP, in batches behind the answers; what a collector does not take in time is dropped. A span
 * carries method, route and status, never a path, an address or a name.
 */
final class OtlpTraces implements AutoCloseable {
  private static final String PATH = "/v1/traces";
  private static final Duration SEND_EVERY = Duration.ofSeconds(1);
  private static final Duration COLLECTOR_ANSWERS_WITHIN = Duration.ofSeconds(5);
  private static final int STOPS_WITHIN_SECONDS = 3;
  private static final int FIRST_SERVER_ERROR = 500;

  private static final AttributeKey<String> METHOD = AttributeKey.stringKey("http.request.method");
  private static final AttributeKey<String> ROUTE = AttributeKey.stringKey("http.route");
  private static final AttributeKey<Long> STATUS =
      AttributeKey.longKey("http.response.status_code");
  private static final AttributeKey<String> FRONT = AttributeKey.stringKey("sallyport.front");

  private final SdkTracerProvider provider;
  private final Tracer tracer;

  private OtlpTraces(SdkTracerProvider provider) {
    this.provider = provider;
    this.tracer = provider.get("io.sallyport");
  }

  static OtlpTraces to(String endpoint, double ratio) {
    OtlpHttpSpanExporter exporter = OtlpHttpSpanExporter.builder()
        .setEndpoint(endpoint.endsWith(PATH) ? endpoint : endpoint.replaceAll("/+$", "") + PATH)
        .setTimeout(COLLECTOR_ANSWERS_WITHIN)
        .build();
    return new OtlpTraces(SdkTracerProvider.builder()
        .setResource(Resource.getDefault()
            .merge(Resource.create(
                Attributes.of(AttributeKey.stringKey("service.name"), "sallyport"))))
        .setSampler(Sampler.parentBased(Sampler.traceIdRatioBased(ratio)))
        .addSpanProcessor(
            BatchSpanProcessor.builder(exporter).setScheduleDelay(SEND_EVERY).build())
        .build());
  }

  Trace begin(String front, HttpServerRequest request) {
    Context parent = W3CTraceContextPropagator.getInstance()
        .extract(Context.root(), request, RequestHeaders.INSTANCE);
    Span span = tracer
        .spanBuilder(front)
        .setParent(parent)
        .setSpanKind(SpanKind.SERVER)
        .setAttribute(FRONT, front)
        .startSpan();
    return new ServerSpan(span, parent.with(span));
  }

  @Override
  public void close() {
    provider.shutdown().join(STOPS_WITHIN_SECONDS, TimeUnit.SECONDS);
  }

  private final class ServerSpan implements Trace {
    private final Span span;
    private final Context context;

    ServerSpan(Span span, Context context) {
      this.span = span;
      this.context = context;
    }

    @Override
    public String id() {
      return span.getSpanContext().getTraceId();
    }

    @Override
    public <T> T during(Supplier<T> useCase) {
      Span inner = tracer.spanBuilder("use case").setParent(context).startSpan();
      try (Scope current = context.with(inner).makeCurrent()) {
        return useCase.get();
      } finally {
        inner.end();
      }
    }

    @Override
    public void end(String method, String route, int status) {
      span.updateName(method + " " + route);
      span.setAttribute(METHOD, method);
      span.setAttribute(ROUTE, route);
      span.setAttribute(STATUS, status);
      if (status == 0 || status >= FIRST_SERVER_ERROR) {
        span.setStatus(StatusCode.ERROR);
      }
      span.end();
    }
  }

  private enum RequestHeaders implements TextMapGetter<HttpServerRequest> {
    INSTANCE;

    @Override
    public Iterable<String> keys(HttpServerRequest request) {
      return request.headers().names();
    }

    @Override
    public @Nullable String get(@Nullable HttpServerRequest request, String key) {
      return request == null ? null : request.getHeader(key);
    }
  }
}
