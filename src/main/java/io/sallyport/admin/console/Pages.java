package io.sallyport.admin.console;

import io.quarkus.qute.TemplateInstance;
import io.vertx.core.http.Cookie;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;

/** Answers of the sign-in pages; {@link BrowserHeaders} has what every page tells the browser. */
final class Pages {
  private Pages() {}

  static Response page(int status, TemplateInstance page, Cookie... cookies) {
    return with(
        Response.status(status)
            .type(MediaType.TEXT_HTML_TYPE.withCharset("UTF-8"))
            .entity(page.render()),
        cookies);
  }

  static Response to(URI place, Cookie... cookies) {
    return with(Response.seeOther(place), cookies);
  }

  private static Response with(Response.ResponseBuilder response, Cookie... cookies) {
    for (Cookie cookie : cookies) {
      response.header(HttpHeaders.SET_COOKIE, cookie.encode());
    }
    return response.build();
  }
}
