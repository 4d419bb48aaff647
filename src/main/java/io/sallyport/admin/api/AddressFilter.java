package io.sallyport.admin.api;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.vertx.core.http.HttpServerRequest;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/** Refuses control characters in path and query: no name holds one, and the database cannot store NUL. */
class AddressFilter {
  @ServerRequestFilter(preMatching = true)
  void check(HttpServerRequest request) {
    requirePrintable(request.uri());
  }

  static void requirePrintable(String address) {
    if (decoded(address).chars().anyMatch(Character::isISOControl)) {
      throw new Refusal(
          CommonProblem.MALFORMED, "Leave control characters out of the path and the query.");
    }
  }

  private static String decoded(String address) {
    try {
      return URLDecoder.decode(address, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new Refusal(
          CommonProblem.MALFORMED, "The path or the query has a percent sign without two digits.");
    }
  }
}
