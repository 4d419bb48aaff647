package io.sallyport.people;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Page;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * People and automation that act on the fleet. Changes are facts about subject type {@code operator}. A token that was
 * withdrawn, or roles that were taken away, end at once on the node that did it, and within 30 s on every other.
 */
public interface Operators {
  /** The subject type of facts about operators. */
  String SUBJECT = "operator";

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
    AUDITOR,
    /** Automation that sends signals about the devices of its sites, and does nothing else. */
    SIGNAL_SOURCE;

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

  /** An operator as registered. */
  record Registered(Operator operator, Instant createdAt) {}

  /** An operator with a bearer token, told once. */
  record Admitted(Registered registered, String token) {
    /** Without the token. */
    @Override
    public String toString() {
      return "Admitted[" + registered + "]";
    }
  }

  /** Whose bearer token this is; compared by digest. */
  Optional<Operator> byToken(String token);

  /** Whether anybody is registered yet. */
  boolean any();

  Optional<Registered> find(String name);

  /** By name, after {@code cursor}. */
  Page<Registered> list(@Nullable String cursor, int limit);

  /**
   * Registers an operator with a bearer token of at least 32 characters, of which only the digest is kept.
   *
   * @param sites at most 32, each as a device's site is written; empty for every site; an administrator has none
   */
  Operator add(String name, Set<Role> roles, Set<String> sites, String token, Actor actor);

  /** Registers an operator with a token that is made here. */
  Admitted admit(String name, Set<Role> roles, Set<String> sites, Actor actor);

  /** Gives an operator other roles and sites; null leaves what is there. Refuses to take the last administrator away. */
  Registered change(
      String name, @Nullable Set<Role> roles, @Nullable Set<String> sites, Actor actor);

  /** Gives an operator a new token; the old one is withdrawn. */
  Admitted renewToken(String name, Actor actor);

  /** Withdraws an operator with token, password and sessions. Refuses to take the last administrator away. */
  void remove(String name, Actor actor);
}
