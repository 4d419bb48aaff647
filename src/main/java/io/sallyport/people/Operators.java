package io.sallyport.people;

import io.sallyport.kernel.Actor;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** People and automation that act on the fleet. */
public interface Operators {
  /** What an operator is. What each may do is for {@code admin} to say. */
  enum Role {
    /** May do everything. */
    ADMINISTRATOR,
    /** Manufacturers and their trust anchors, authorities, certificates. */
    AUTHORITY_ADMINISTRATOR,
    /** The lifecycle of devices and what enforces it. */
    FLEET_OPERATOR,
    /** Registers devices and gives them enrollment tokens. */
    LINE_OPERATOR,
    /** Profiles and policies. */
    POLICY_AUTHOR,
    /** Reads everything, the log included. */
    AUDITOR;

    /** Lower-case words joined by hyphens, as on the wire, in a realm and in the database. */
    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    public static Optional<Role> of(String word) {
      return Arrays.stream(values()).filter(role -> role.word().equals(word)).findFirst();
    }
  }

  /**
   * Somebody who was recognised.
   *
   * @param sites what they see; empty for every site
   */
  record Operator(String name, Set<Role> roles, Set<String> sites) {
    public Operator {
      roles = Set.copyOf(roles);
      sites = Set.copyOf(sites);
    }
  }

  /** Whose bearer token this is; compared by digest. */
  Optional<Operator> byToken(String token);

  /** Whether anybody is registered yet. */
  boolean any();

  /**
   * Registers an operator with a bearer token of at least 32 characters, of which only the digest is kept.
   *
   * @param sites at most 32, each as a device's site is written; empty for every site
   */
  Operator add(String name, Set<Role> roles, Set<String> sites, String token, Actor actor);
}
