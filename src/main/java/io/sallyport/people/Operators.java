package io.sallyport.people;

import java.util.Optional;
import java.util.Set;

/** People and automation that act on the fleet. */
public interface Operators {
  /** What an operator may do. */
  enum Role {
    ADMINISTRATOR
  }

  /** Somebody who was recognised. */
  record Operator(String name, Set<Role> roles) {
    public Operator {
      roles = Set.copyOf(roles);
    }
  }

  /** Whose bearer token this is; compared by digest. */
  Optional<Operator> byToken(String token);

  /** Whether anybody is registered yet. */
  boolean any();

  /** Registers an operator with a bearer token of at least 32 characters, of which only the digest is kept. */
  Operator add(String name, Set<Role> roles, String token);
}
