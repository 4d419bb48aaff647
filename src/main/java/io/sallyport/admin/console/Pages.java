package io.sallyport.admin.console;

import io.quarkus.qute.TemplateInstance;
import io.vertx.core.http.Cookie;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;

/** Answers of the sign-in pages: nothing is cached, framed, or loaded from elsewhere. */
final class Pages {
  private Pages() {}

  static Response page(int status, TemplateInstance page, Cookie... cookies) {
    return with(
        strict(Response.status(status)
            .type(MediaType.TEXT_HTML_TYPE.withCharset("UTF-8"))
            .entity(page.render())),
        cookies);
  }

  static Response to(URI place, Cookie... cookies) {
    return with(strict(Response.seeOther(place)), cookies);
  }

  private static Response.ResponseBuilder strict(Response.ResponseBuilder response) {
    return response
        .header(HttpHeaders.CACHE_CONTROL, "no-store")
        .header(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none';"
                + " frame-ancestors 'none'")
        .header("X-Content-Type-Options", "nosniff")
        .header("X-Frame-Options", "DENY")
        .header("Cross-Origin-Opener-Policy", "same-origin")
        .header("Referrer-Policy", "no-referrer");
  }

  private static Response with(Response.ResponseBuilder response, Cookie... cookies) {
    for (Cookie cookie : cookies) {
      response.header(HttpHeaders.SET_COOKIE, cookie.encode());
    }
    return response.build();
  }
}
