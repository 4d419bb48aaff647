package io.sallyport.admin.console;

import io.quarkus.security.identity.SecurityIdentity;
import io.sallyport.kernel.Digest;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;

/**
 * Tokens against cross-site request forgery. A session brings its own; a bearer token, which no browser sends by itself,
 * is its own secret, and a digest over it serves.
 */
final class Csrf {
  static final String FIELD = "csrf";
  static final String HEADER = "X-CSRF-Token";
  /** The attribute of an identity that holds the token of its session. */
  static final String ATTRIBUTE = "csrf";

  private static final byte[] PURPOSE =
      "sallyport console csrf\n".getBytes(StandardCharsets.US_ASCII);

  private Csrf() {}

  /** The token of whoever sends {@code request}; empty when it carries neither session nor bearer token. */
  static Optional<String> token(SecurityIdentity identity, HttpServerRequest request) {
    String session = identity.getAttribute(ATTRIBUTE);
    if (session != null) {
      return Optional.of(session);
    }
    return Optional.ofNullable(request.getHeader(HttpHeaders.AUTHORIZATION))
        .map(bearer ->
            Digest.of(PURPOSE, bearer.getBytes(StandardCharsets.UTF_8)).base64Url());
  }

  /** Compares in constant time. */
  static boolean same(String expected, String given) {
    return MessageDigest.isEqual(
        expected.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
  }
}
