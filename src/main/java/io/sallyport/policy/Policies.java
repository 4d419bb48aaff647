package io.sallyport.policy;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Page;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The policy administration point: documents, kept by name and version hash. Facts are about subject type {@code policy}. */
public interface Policies {
  /**
   * A stored document.
   *
   * @param hash SHA-256 in hex over the text
   */
  record Policy(String name, String hash, String yaml, Instant appliedAt) {}

  /**
   * Reads and compiles a document without applying it, and answers the name that it has; refuses with {@code
   * invalid-policy}, line and reason.
   */
  String check(String yaml);

  /** Creates or replaces the policy that the document names; refuses with {@code invalid-policy}, line and reason. */
  Policy apply(String yaml, Actor actor);

  Optional<Policy> find(String name);

  Page<Policy> list(@Nullable String cursor, int limit);

  /** Withdraws a policy; refuses with {@code not-found}. */
  void remove(String name, Actor actor);

  /** Compiles all stored policies. */
  PolicySet load();
}
