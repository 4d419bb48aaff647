package io.sallyport.admin.console;

import io.quarkus.security.AuthenticationFailedException;
import io.quarkus.security.identity.AuthenticationRequestContext;
import io.quarkus.security.identity.IdentityProvider;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.runtime.QuarkusPrincipal;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.sallyport.admin.Caller;
import io.sallyport.people.ConsoleSessions;
import io.sallyport.people.Operators.Operator;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;

/** People with a session as identities of the security layer. */
@ApplicationScoped
class SessionIdentities implements IdentityProvider<SessionRequest> {
  private final ConsoleSessions sessions;

  SessionIdentities(ConsoleSessions sessions) {
    this.sessions = sessions;
  }

  @Override
  public Class<SessionRequest> getRequestType() {
    return SessionRequest.class;
  }

  @Override
  public Uni<SecurityIdentity> authenticate(
      SessionRequest request, AuthenticationRequestContext context) {
    return context.runBlocking(() -> sessions
        .recognise(request.session())
        .map(operator -> identity(operator, request.session()))
        .orElseThrow(() -> new AuthenticationFailedException("the session has ended")));
  }

  private static SecurityIdentity identity(Operator operator, String session) {
    QuarkusSecurityIdentity.Builder identity =
        QuarkusSecurityIdentity.builder().setPrincipal(new QuarkusPrincipal(operator.name()));
    operator.roles().forEach(role -> identity.addRole(role.word()));
    return identity
        .addAttribute(Caller.SITES, operator.sites())
        .addAttribute(Caller.FORM_TOKEN, SessionCookie.formToken(session))
        .build();
  }
}
