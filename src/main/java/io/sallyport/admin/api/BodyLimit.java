package io.sallyport.admin.api;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.sallyport.kernel.CommonProblem;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/** Refuses a body that says itself to be too large, before it is sent; {@link BodyLimitFilter} has those that do not. */
@Singleton
final class BodyLimit {
  /** 1 MiB: a policy of that size is a mistake. */
  static final int MOST = 1024 * 1024;

  static final String SENTENCE = "Send at most 1 MiB.";

  /** Before authentication, which has priority 200. */
  private static final int FIRST = 1000;

  void install(@Observes Filters filters) {
    filters.register(BodyLimit::check, FIRST);
  }

  private static void check(RoutingContext context) {
    String length = context.request().getHeader(HttpHeaderNames.CONTENT_LENGTH);
    if (length == null
        || BatchStreams.isStream(context)
        || length.length() <= 7 && Long.parseLong(length) <= MOST) {
      context.next();
      return;
    }
    HttpServerResponse response = context.response();
    // HTTP/2 has no such header (RFC 9113 §8.2.2).
    if (context.request().version() != HttpVersion.HTTP_2) {
      response.putHeader(HttpHeaderNames.CONNECTION, "close");
    }
    response
        .setStatusCode(CommonProblem.TOO_LARGE.status())
        .putHeader(HttpHeaderNames.CONTENT_TYPE, ProblemDocument.MEDIA_TYPE)
        .end(ProblemDocument.of(CommonProblem.TOO_LARGE, SENTENCE, null).json());
  }
}
