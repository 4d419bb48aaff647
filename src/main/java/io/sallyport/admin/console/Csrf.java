package io.sallyport.admin.console;

import io.sallyport.kernel.Digest;
import io.vertx.core.http.Cookie;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Tokens against cross-site request forgery: a digest over the session's secret, so every node computes the same one and
 * nothing is stored. Whoever cannot read the cookie cannot compute it, and it does not give the cookie away.
 */
final class Csrf {
  static final String FIELD = "csrf";
  static final String HEADER = "X-CSRF-Token";
  static final String SESSION_COOKIE = "__Host-sallyport-session";

  private static final byte[] PURPOSE =
      "sallyport console csrf\n".getBytes(StandardCharsets.US_ASCII);

  private Csrf() {}

  /** The token of whoever sends {@code request}; empty when it carries neither bearer token nor session. */
  static Optional<String> token(HttpServerRequest request) {
    String secret = request.getHeader(HttpHeaders.AUTHORIZATION);
    if (secret == null) {
      Cookie session = request.getCookie(SESSION_COOKIE);
      secret = session == null ? null : session.getValue();
    }
    return Optional.ofNullable(secret)
        .map(value -> Digest.of(PURPOSE, value.getBytes(StandardCharsets.UTF_8)).base64Url());
  }

  /** Compares in constant time. */
  static boolean same(String expected, String given) {
    return java.security.MessageDigest.isEqual(
        expected.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
  }
}
