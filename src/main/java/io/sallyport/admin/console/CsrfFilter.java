package io.sallyport.admin.console;

import io.quarkus.security.identity.SecurityIdentity;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.Priorities;
import java.util.Optional;
import java.util.Set;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jboss.resteasy.reactive.server.WithFormRead;
import org.jboss.resteasy.reactive.server.core.ResteasyReactiveRequestContext;
import org.jboss.resteasy.reactive.server.spi.ResteasyReactiveContainerRequestContext;
import org.jspecify.annotations.Nullable;

/**
 * Refuses whatever changes something under {@code /console} unless it comes from one of our own pages: the browser says
 * so (Fetch Metadata, or Origin), and once somebody is signed in, the form carries the session's token.
 */
class CsrfFilter {
  private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS");
  private static final Set<String> OWN_PAGE = Set.of("same-origin", "none");

  private final SecurityIdentity identity;
  private final HttpServerRequest request;

  CsrfFilter(SecurityIdentity identity, HttpServerRequest request) {
    this.identity = identity;
    this.request = request;
  }

  @ServerRequestFilter(priority = Priorities.AUTHORIZATION - 1)
  @WithFormRead
  public void check(ResteasyReactiveContainerRequestContext context) {
    String path = context.getUriInfo().getPath();
    if (SAFE.contains(context.getMethod())
        || !(path.equals(Console.PATH) || path.startsWith(Console.PATH + "/"))) {
      return;
    }
    if (!fromOwnPage()) {
      throw new Refusal(CommonProblem.FORBIDDEN, "The request came from a page of another site.");
    }
    if (identity.isAnonymous() || Console.SIGNING.stream().anyMatch(path::startsWith)) {
      // Nobody's session can be misused; the pages for signing in have a check of their own.
      return;
    }
    Optional<String> expected = Csrf.token(identity, request);
    if (expected.isEmpty() || !Csrf.same(expected.get(), given(context))) {
      throw new Refusal(
          CommonProblem.FORBIDDEN, "The form belongs to another session; open the page again.");
    }
  }

  /** A program that is no browser sends neither; nobody's browser can be made to leave both out of a POST. */
  private boolean fromOwnPage() {
    String site = request.getHeader("Sec-Fetch-Site");
    if (site != null) {
      return OWN_PAGE.contains(site);
    }
    String origin = request.getHeader(HttpHeaders.ORIGIN);
    return origin == null || origin.equals("https://" + request.authority());
  }

  private static String given(ResteasyReactiveContainerRequestContext context) {
    String header = context.getHeaderString(Csrf.HEADER);
    if (header != null) {
      return header;
    }
    ResteasyReactiveRequestContext form =
        (ResteasyReactiveRequestContext) context.getServerRequestContext();
    @Nullable Object field = form.getFormParameter(Csrf.FIELD, true, false);
    return field instanceof String text ? text : "";
  }
}
