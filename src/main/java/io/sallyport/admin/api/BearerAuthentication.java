package io.sallyport.admin.api;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.credential.TokenCredential;
import io.quarkus.security.identity.IdentityProviderManager;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.request.AuthenticationRequest;
import io.quarkus.security.identity.request.TokenAuthenticationRequest;
import io.quarkus.vertx.http.runtime.security.ChallengeData;
import io.quarkus.vertx.http.runtime.security.HttpAuthenticationMechanism;
import io.quarkus.vertx.http.runtime.security.HttpSecurityUtils;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.kernel.Throttle;
import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.util.Set;
import org.jboss.logging.Logger;

/** Bearer tokens (RFC 6750). A database that is away is answered with 503, so that nobody throws a good token away. */
@ApplicationScoped
class BearerAuthentication implements HttpAuthenticationMechanism {
  static final String CHALLENGE = "Bearer realm=\"sallyport\"";

  private static final Logger LOG = Logger.getLogger(BearerAuthentication.class);

  private static final String SCHEME = "Bearer ";
  private static final String FAILURE = BearerAuthentication.class.getName() + ".failure";

  private static final String AFTER_AN_OUTAGE = "2";
  private static final String AFTER_FAILURES = "60";

  private final Refusals refusals;
  private final Throttle throttle;

  BearerAuthentication(Refusals refusals, Clock clock, PeopleSettings settings) {
    this.refusals = refusals;
    this.throttle = new Throttle(clock, settings.failedAuthenticationsPerMinute());
  }

  @Override
  public Uni<SecurityIdentity> authenticate(
      RoutingContext context, IdentityProviderManager identities) {
    String header = context.request().getHeader(HttpHeaderNames.AUTHORIZATION);
    if (header == null || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      return Uni.createFrom().nullItem();
    }
    TokenCredential token =
        new TokenCredential(header.substring(SCHEME.length()).trim(), "bearer");
    return identities
        .authenticate(HttpSecurityUtils.setRoutingContextAttribute(
            new TokenAuthenticationRequest(token), context))
        .onFailure(AuthenticationFailedException.class)
        .invoke(failure -> failed(context))
        .onFailure(failure -> !(failure instanceof AuthenticationFailedException))
        .transform(failure -> {
          context.put(FAILURE, failure);
          return new AuthenticationFailedException("the token could not be checked");
        });
  }

  /** Only failures are throttled: whoever guesses must not lock out an operator behind the same address. */
  private void failed(RoutingContext context) {
    String address = context.request().remoteAddress().hostAddress();
    if (throttle.exceeded(address)) {
      context.put(
          FAILURE,
          new Refusal(
              CommonProblem.TOO_MANY_REQUESTS,
              "Too many wrong tokens from this address; wait a minute."));
    } else {
      throttle.failed(address);
    }
  }

  @Override
  public Uni<ChallengeData> getChallenge(RoutingContext context) {
    return Uni.createFrom()
        .item(new ChallengeData(401, HttpHeaderNames.WWW_AUTHENTICATE, CHALLENGE));
  }

  @Override
  public Uni<Boolean> sendChallenge(RoutingContext context) {
    Throwable failure = context.get(FAILURE);
    if (failure == null) {
      context.response().putHeader(HttpHeaderNames.WWW_AUTHENTICATE, CHALLENGE);
      return answer(
          context,
          new Failure(CommonProblem.UNAUTHENTICATED, "Send an operator's bearer token.", true));
    }
    Failure told = Failure.of(failure);
    if (!told.expected()) {
      LOG.error("a bearer token could not be checked", failure);
    }
    context
        .response()
        .putHeader(
            HttpHeaderNames.RETRY_AFTER,
            told.problem() == CommonProblem.TOO_MANY_REQUESTS ? AFTER_FAILURES : AFTER_AN_OUTAGE);
    return answer(context, told);
  }

  @Override
  public Set<Class<? extends AuthenticationRequest>> getCredentialTypes() {
    return Set.of(TokenAuthenticationRequest.class);
  }

  private Uni<Boolean> answer(RoutingContext context, Failure failure) {
    HttpServerResponse response = context.response();
    if (!response.ended()) {
      refusals.count(failure.problem());
      response
          .setStatusCode(failure.problem().status())
          .putHeader(HttpHeaderNames.CONTENT_TYPE, ProblemDocument.MEDIA_TYPE)
          .end(ProblemDocument.of(failure.problem(), failure.detail(), null).json());
    }
    return Uni.createFrom().item(true);
  }
}
