package io.sallyport.admin;

import io.quarkus.security.identity.SecurityIdentity;
import io.sallyport.admin.Rights.Right;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.people.Operators.Role;
import jakarta.inject.Singleton;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The operator who sent the request at hand, by bearer token or by the console's session. */
@Singleton
public final class Caller {
  /** The attribute of an identity that holds the sites it sees, a {@code Set<String>}; empty for every site. */
  public static final String SITES = "sites";

  /** The attribute of an identity with a session in the console that holds what its forms must repeat. */
  public static final String FORM_TOKEN = "csrf";

  private final SecurityIdentity identity;

  public Caller(SecurityIdentity identity) {
    this.identity = identity;
  }

  /** Whether anybody was recognised. */
  public boolean known() {
    return !identity.isAnonymous();
  }

  public String name() {
    return identity.getPrincipal().getName();
  }

  public Actor actor() {
    return Actor.operator(name());
  }

  /** The roles; words that name none are left out. */
  public Set<Role> roles() {
    return identity.getRoles().stream()
        .flatMap(word -> Role.of(word).stream())
        .collect(Collectors.toUnmodifiableSet());
  }

  public boolean may(Right right) {
    return Rights.may(roles(), right);
  }

  /** Refuses with {@code forbidden} whoever may not. */
  public void require(Right right) {
    if (!may(right)) {
      throw new Refusal(
          CommonProblem.FORBIDDEN, "Ask an administrator: your roles do not include this.");
    }
  }

  /** What the forms of this console session must repeat; empty for a bearer token. */
  public Optional<String> formToken() {
    return Optional.ofNullable(identity.<String>getAttribute(FORM_TOKEN));
  }

  /** The only sites that the operator sees; empty for every site. */
  public Set<String> sites() {
    Set<String> sites = identity.getAttribute(SITES);
    return sites == null ? Set.of() : sites;
  }

  public boolean sees(String site) {
    return sites().isEmpty() || sites().contains(site);
  }

  /** Refuses with {@code forbidden} an act on a site that is not one of the operator's. */
  public void requireSite(String site) {
    if (!sees(site)) {
      throw new Refusal(
          CommonProblem.FORBIDDEN,
          "You act for " + String.join(", ", new TreeSet<>(sites())) + " only.");
    }
  }

  /** Refuses with {@code forbidden} whoever is bound to sites: the act concerns all of them. */
  public void requireEverySite() {
    if (!sites().isEmpty()) {
      throw new Refusal(
          CommonProblem.FORBIDDEN,
          "This concerns every site and you act for " + String.join(", ", new TreeSet<>(sites()))
              + " only.");
    }
  }
}
