package io.sallyport.policy;

import io.sallyport.kernel.Actor;
import io.sallyport.policy.CanaryPolicies.Share;
import io.sallyport.policy.PolicyVersions.Change;
import io.sallyport.policy.PolicyVersions.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Policies on a share of the fleet before they are for all. One canary at a time; while it lives, other acts are refused, so
 * that what is promoted is what was tried. Facts {@code policy-canary.begun}, {@code .promoted}, {@code .abandoned} and
 * {@code .expired} are about subject type {@code policy-canary}.
 */
public interface PolicyCanaries {
  Duration LONGEST = Duration.ofDays(30);

  /**
   * What is to be tried.
   *
   * @param documents as {@link PolicyVersions#apply} takes them
   * @param whole whether what is not among them is withdrawn
   * @param until when it is abandoned by itself
   */
  record Trial(String documents, boolean whole, Share share, Instant until, String note) {}

  /**
   * A canary.
   *
   * @param base the set that was in force when it began
   * @param candidate the set that is tried
   * @param outcome {@code promoted}, {@code abandoned} or {@code expired}; null while it lives
   * @param sides what was decided by what is in force, then by the candidate
   */
  record Canary(
      long number,
      String base,
      String candidate,
      Share share,
      Instant begunAt,
      String begunBy,
      Instant until,
      @Nullable Instant endedAt,
      @Nullable String outcome,
      String note,
      List<Change> changes,
      List<Side> sides) {
    public Canary {
      changes = List.copyOf(changes);
      sides = List.copyOf(sides);
    }
  }

  /**
   * What was decided on one side.
   *
   * @param compared how many of them were asked of the other side too
   * @param differing how many of these it would have answered otherwise
   */
  record Side(boolean candidate, long permits, long denials, long compared, long differing) {
    public Side plus(Side other) {
      return new Side(
          candidate,
          permits + other.permits,
          denials + other.denials,
          compared + other.compared,
          differing + other.differing);
    }
  }

  /** Begins; refuses with {@code invalid-policy}, and with {@code conflict} while another lives or nothing would change. */
  Canary begin(Trial trial, Actor actor);

  /** The newest, living or ended; empty when there was none. */
  Optional<Canary> newest();

  /** Puts what is tried in force for all, in one act; refuses with {@code not-found} when none lives. */
  Outcome promote(Actor actor);

  /** Ends it without that; refuses with {@code not-found} when none lives. */
  Canary abandon(Actor actor);

  /** Records the end of a canary whose time is over; it has decided nothing since. */
  void expire();

  /** Adds to what was decided. */
  void count(long canary, List<Side> sides);
}
