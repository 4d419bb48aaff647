package io.sallyport.admin.api;

import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.identity.AuthenticationRequestContext;
import io.quarkus.security.identity.IdentityProvider;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.request.TokenAuthenticationRequest;
import io.quarkus.security.runtime.QuarkusPrincipal;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.sallyport.admin.Caller;
import io.sallyport.people.Operators;
import io.sallyport.people.Operators.Operator;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;

/** Operators as identities of the security layer. */
@ApplicationScoped
class OperatorIdentities implements IdentityProvider<TokenAuthenticationRequest> {
  private final Operators operators;

  OperatorIdentities(Operators operators) {
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
    return context.runBlocking(() -> operators
        .byToken(token)
        .map(OperatorIdentities::identity)
        .orElseThrow(() -> new AuthenticationFailedException("no operator has this token")));
  }

  private static SecurityIdentity identity(Operator operator) {
    QuarkusSecurityIdentity.Builder identity =
        QuarkusSecurityIdentity.builder().setPrincipal(new QuarkusPrincipal(operator.name()));
    operator.roles().forEach(role -> identity.addRole(role.word()));
    identity.addAttribute(Caller.SITES, operator.sites());
    return identity.build();
  }
}
