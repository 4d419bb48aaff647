package io.sallyport.admin.api;

import io.quarkus.security.identity.SecurityIdentity;
import io.sallyport.kernel.Actor;
import jakarta.inject.Singleton;

/** The operator who sent the request at hand. */
@Singleton
final class Caller {
  private final SecurityIdentity identity;

  Caller(SecurityIdentity identity) {
    this.identity = identity;
  }

  boolean known() {
    return !identity.isAnonymous();
  }

  String name() {
    return identity.getPrincipal().getName();
  }

  Actor actor() {
    return Actor.operator(name());
  }

  boolean has(String role) {
    return identity.hasRole(role);
  }
}
