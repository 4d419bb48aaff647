package io.sallyport.admin.console;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.MultiMap;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/** What every answer under {@code /console} tells the browser, refusals of the security layer included. */
@Singleton
final class BrowserHeaders {
  /** No script and no style but those of {@link Assets}; nothing written into a page can run. */
  static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; "
      + "img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

  /** Before authentication, which has priority 200. */
  private static final int FIRST = 1000;

  void install(@Observes Filters filters) {
    filters.register(BrowserHeaders::add, FIRST);
  }

  private static void add(RoutingContext context) {
    String path = context.normalizedPath();
    if (path.equals(Console.PATH) || path.startsWith(Console.PATH + "/")) {
      MultiMap headers = context.response().headers();
      headers.set("Content-Security-Policy", POLICY);
      headers.set("X-Content-Type-Options", "nosniff");
      headers.set("X-Frame-Options", "DENY");
      // With no-referrer, browsers send "Origin: null" on a POST to ourselves; but a one-time link
      // must not be passed on.
      headers.set(
          "Referrer-Policy",
          Console.SIGNING.stream().anyMatch(path::startsWith) ? "no-referrer" : "same-origin");
      headers.set("Cross-Origin-Opener-Policy", "same-origin");
      headers.set("Cross-Origin-Resource-Policy", "same-origin");
      if (!path.startsWith(AssetsResource.PATH + "/")) {
        headers.set("Cache-Control", "no-store");
      }
    }
    context.next();
  }
}
