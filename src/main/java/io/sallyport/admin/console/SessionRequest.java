package io.sallyport.admin.console;

import io.quarkus.security.identity.request.BaseAuthenticationRequest;

/** Asks who has a session. */
final class SessionRequest extends BaseAuthenticationRequest {
  private final String session;

  SessionRequest(String session) {
    this.session = session;
  }

  String session() {
    return session;
  }
}
