package io.sallyport.admin.console;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.vertx.core.http.Cookie;
import io.vertx.core.http.CookieSameSite;
import io.vertx.core.http.HttpServerRequest;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/** Forms that are sent before there is a session: the field must repeat the cookie, which no other site can read or set. */
@Singleton
final class FormCheck {
  private static final int OCTETS = 32;

  private final Ids ids;

  FormCheck(Ids ids) {
    this.ids = ids;
  }

  /** The value for a form's field and its cookie. */
  Cookie fresh() {
    return SessionCookie.of(SessionCookie.FORM, ids.secret(OCTETS), CookieSameSite.STRICT);
  }

  /** Refuses with {@code forbidden} a form that was not sent from a page of this server. */
  static void require(HttpServerRequest request, @Nullable String field) {
    Cookie cookie = request.getCookie(SessionCookie.FORM);
    requireEqual(cookie == null ? null : cookie.getValue(), field);
    String from = request.getHeader("Sec-Fetch-Site");
    if (from != null && !from.equals("same-origin")) {
      throw stranger();
    }
  }

  static void requireEqual(@Nullable String expected, @Nullable String given) {
    if (expected == null
        || expected.isEmpty()
        || given == null
        || !MessageDigest.isEqual(
            expected.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8))) {
      throw stranger();
    }
  }

  private static Refusal stranger() {
    return new Refusal(
        CommonProblem.FORBIDDEN,
        "The form did not come from this page, or the page was open for too long; load it again.");
  }
}
