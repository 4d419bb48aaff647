package io.sallyport.admin;

import io.sallyport.audit.Fact;
import io.sallyport.audit.LogEntry;
import io.sallyport.audit.Replay;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.util.Set;
import java.util.function.Consumer;

/**
 * What people wrote and a restored database lost: no fact holds the text, so they are told to write it again. And what
 * others said against a device or its grants, which they are asked to say again.
 */
@Singleton
final class DoneByHand implements Replay {
  private static final Set<String> LOST = Set.of(
      "manufacturer.added",
      "trust-anchor.added",
      "registration-authority.added",
      "registration-authority.removed",
      "profile.applied",
      "policy.applied",
      "policy.removed",
      "policy-canary.begun",
      "policy-canary.promoted",
      "tpm-root.applied",
      "tpm-root.removed",
      "realm.applied",
      "signal.received",
      "grant.withdrawn");

  @Override
  public Effect replay(Connection transaction, LogEntry lost, Consumer<Fact> further) {
    return LOST.contains(lost.kind()) ? Effect.BY_HAND : Effect.NONE;
  }
}
