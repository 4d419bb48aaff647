package io.sallyport.admin.console;

import io.sallyport.kernel.Digest;
import io.vertx.core.http.Cookie;
import io.vertx.core.http.CookieSameSite;
import java.nio.charset.StandardCharsets;

/** The cookies of the console. The prefix makes a browser refuse them from another host or without TLS (RFC 6265bis). */
final class SessionCookie {
  static final String SESSION = "__Host-sallyport-session";

  /** Repeats what a form says before there is a session. */
  static final String FORM = "__Host-sallyport-form";

  /** What this server must know when a realm sends a person back. */
  static final String FLOW = "__Host-sallyport-flow";

  private SessionCookie() {}

  /** Ends with the browser; the server ends the session before, if it is left alone. */
  static Cookie of(String name, String value, CookieSameSite sameSite) {
    return Cookie.cookie(name, value)
        .setPath("/")
        .setSecure(true)
        .setHttpOnly(true)
        .setSameSite(sameSite);
  }

  static Cookie gone(String name) {
    return of(name, "", CookieSameSite.STRICT).setMaxAge(0);
  }

  /** The token that forms of this session repeat; tells nothing about the session's own. */
  static String formToken(String session) {
    return Digest.of(("console form\n" + session).getBytes(StandardCharsets.UTF_8))
        .base64Url();
  }
}
