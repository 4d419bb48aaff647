package io.sallyport.grants;

import io.sallyport.kernel.Actor;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The keys that grants are signed with. The fact {@code grant-key.rotated} is about subject type {@code key}. */
public interface GrantKeys {
  /** A new key is published for so long before it signs: every node has read it, and every point its JWK Set. */
  Duration PUBLISHED_BEFORE = Duration.ofMinutes(10);

  /**
   * A key whose tokens count.
   *
   * @param keyId the {@code kid} of its tokens
   * @param signsFrom when it begins to sign, or the epoch for the first
   * @param countsUntil when its tokens end to count, or null while that is not known
   * @param signing whether it is the one that signs now
   */
  record GrantKey(
      UUID id, String keyId, Instant signsFrom, @Nullable Instant countsUntil, boolean signing) {}

  /** Those that are published, the newest first. */
  List<GrantKey> published();

  /**
   * Makes a new key, which signs after {@link #PUBLISHED_BEFORE}; what the others signed counts to its end. Refuses with
   * {@code conflict} while one is made already and does not sign yet.
   *
   * @param compromised the new one signs at once, and nothing that another one signed counts from now on; other nodes know
   *     it within a minute
   */
  List<GrantKey> rotate(boolean compromised, Actor actor);
}
