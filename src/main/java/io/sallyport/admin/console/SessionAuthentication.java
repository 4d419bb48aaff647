package io.sallyport.admin.console;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.identity.IdentityProviderManager;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.request.AuthenticationRequest;
import io.quarkus.vertx.http.runtime.security.ChallengeData;
import io.quarkus.vertx.http.runtime.security.HttpAuthenticationMechanism;
import io.quarkus.vertx.http.runtime.security.HttpSecurityUtils;
import io.smallrye.mutiny.Uni;
import io.vertx.core.http.Cookie;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Set;
import org.jboss.logging.Logger;

/**
 * The session cookie, read under {@code /console} alone: no other path may be asked on the strength of something that a
 * browser sends by itself. Whoever has no session is led to the sign-in page.
 */
@ApplicationScoped
class SessionAuthentication implements HttpAuthenticationMechanism {
  static final String CONSOLE = "/console";

  private static final Logger LOG = Logger.getLogger(SessionAuthentication.class);
  private static final String FAILURE = SessionAuthentication.class.getName() + ".failure";
  private static final String AFTER_AN_OUTAGE = "2";

  /** Before bearer tokens. */
  private static final int PRIORITY = DEFAULT_PRIORITY + 1000;

  @Override
  public int getPriority() {
    return PRIORITY;
  }

  @Override
  public Uni<SecurityIdentity> authenticate(
      RoutingContext context, IdentityProviderManager identities) {
    Cookie cookie =
        underConsole(context) ? context.request().getCookie(SessionCookie.SESSION) : null;
    if (cookie == null || cookie.getValue().isEmpty()) {
      return Uni.createFrom().nullItem();
    }
    return identities
        .authenticate(HttpSecurityUtils.setRoutingContextAttribute(
            new SessionRequest(cookie.getValue()), context))
        // Whose session has ended is nobody, who may still see the sign-in page.
        .onFailure(AuthenticationFailedException.class)
        .recoverWithNull()
        .onFailure()
        .transform(failure -> {
          context.put(FAILURE, failure);
          return new AuthenticationFailedException("the session could not be checked");
        });
  }

  private static boolean underConsole(RoutingContext context) {
    String path = context.normalizedPath();
    return path.equals(CONSOLE) || path.startsWith(CONSOLE + "/");
  }

  @Override
  public Uni<ChallengeData> getChallenge(RoutingContext context) {
    return Uni.createFrom().nullItem();
  }

  @Override
  public Uni<Boolean> sendChallenge(RoutingContext context) {
    if (!underConsole(context)) {
      return Uni.createFrom().item(false);
    }
    HttpServerResponse response = context.response();
    Throwable failure = context.get(FAILURE);
    response.putHeader(HttpHeaderNames.CACHE_CONTROL, "no-store");
    if (failure != null) {
      LOG.errorf("a session could not be checked: %s", failure.getMessage());
      response
          .setStatusCode(503)
          .putHeader(HttpHeaderNames.RETRY_AFTER, AFTER_AN_OUTAGE)
          .putHeader(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8")
          .end("The server cannot check who you are at the moment; try again shortly.\n");
    } else if (context.request().method().equals(HttpMethod.GET)
        && context.request().getHeader("HX-Request") == null) {
      response
          .setStatusCode(303)
          .putHeader(HttpHeaderNames.LOCATION, CONSOLE + "/sign-in")
          .end();
    } else {
      // htmx follows this header; anything else sees that the session has ended.
      response
          .setStatusCode(401)
          .putHeader("HX-Redirect", CONSOLE + "/sign-in")
          .putHeader(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8")
          .end("Sign in first.\n");
    }
    return Uni.createFrom().item(true);
  }

  @Override
  public Set<Class<? extends AuthenticationRequest>> getCredentialTypes() {
    return Set.of(SessionRequest.class);
  }
}
