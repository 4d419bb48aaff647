package io.sallyport.admin.api;

import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.identity.AuthenticationRequestContext;
import io.quarkus.security.identity.IdentityProvider;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.request.TokenAuthenticationRequest;
import io.quarkus.security.runtime.QuarkusPrincipal;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.sallyport.admin.Caller;
import io.sallyport.kernel.Refusal;
import io.sallyport.people.Operators;
import io.sallyport.people.Operators.Operator;
import io.sallyport.people.PeopleProblem;
import io.sallyport.people.Realm;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.regex.Pattern;

/** Operators as identities of the security layer. */
@ApplicationScoped
class OperatorIdentities implements IdentityProvider<TokenAuthenticationRequest> {
  /** The compact form of a signed or unsigned JWT (RFC 7519 §3). */
  private static final Pattern JWT = Pattern.compile("[\\w-]+\\.[\\w-]+\\.[\\w-]*");

  private final Operators operators;
  private final Realm realm;

  OperatorIdentities(Operators operators, Realm realm) {
    this.realm = realm;
    this.operators = operators;
  }

  @Override
  public Class<TokenAuthenticationRequest> getRequestType() {
    return TokenAuthenticationRequest.class;
  }

  @Override
  public Uni<SecurityIdentity> authenticate(
      TokenAuthenticationRequest request, AuthenticationRequestContext context) {
    String token = request.getToken().getToken();
    return context.runBlocking(() -> identity(recognised(token)));
  }

  /** What looks like a realm's token may still be one that an administrator chose. */
  private Operator recognised(String token) {
    if (realm.enabled() && JWT.matcher(token).matches()) {
      try {
        return realm.byBearer(token);
      } catch (Refusal refusal) {
        if (refusal.problem() != PeopleProblem.WRONG_CREDENTIALS) {
          throw refusal;
        }
      }
    }
    return operators
        .byToken(token)
        .orElseThrow(() -> new AuthenticationFailedException("no operator has this token"));
  }

  private static SecurityIdentity identity(Operator operator) {
    QuarkusSecurityIdentity.Builder identity =
        QuarkusSecurityIdentity.builder().setPrincipal(new QuarkusPrincipal(operator.name()));
    operator.roles().forEach(role -> identity.addRole(role.word()));
    identity.addAttribute(Caller.SITES, operator.sites());
    return identity.build();
  }
}
