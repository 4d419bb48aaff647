package io.sallyport.people;

import io.sallyport.kernel.Actor;
import io.sallyport.people.Operators.Operator;
import java.time.Instant;
import java.util.Optional;

/**
 * Passwords of operators who sign in to the console without a realm, set through one-time links. Passwords are kept as
 * Argon2id (RFC 9106) with the parameters they were made with, links as SHA-256 digests.
 */
public interface LocalPasswords {
  /** The kind of fact that says that a password was set. */
  String PASSWORD_SET = "operator.password-set";

  /** A secret that lets an operator set a password, once. */
  record Link(String secret, Instant expiresAt) {
    /** Without the secret. */
    @Override
    public String toString() {
      return "Link[" + expiresAt + "]";
    }
  }

  /** Whether anybody has a password yet. */
  boolean any();

  /** Makes a link for an operator, good for 7 days; earlier ones stay good until a password is set. */
  Link link(String operator, Actor actor);

  /** Whose link this is; empty when it was used, has expired, or never was. */
  Optional<String> byLink(String secret);

  /**
   * Sets the password of the link's operator, spends all of the operator's links and ends all of its sessions. Refuses
   * with {@code unknown-link} or {@code invalid-password}.
   *
   * @param password 12 to 256 characters
   */
  Operator set(String secret, String password);

  /**
   * The operator with this name and password; refuses with {@code wrong-credentials} without saying which is wrong, and
   * with {@code too-many-requests} after failures for the name or from the address, or while too many others wait.
   */
  Operator check(String name, String password, String address);
}
