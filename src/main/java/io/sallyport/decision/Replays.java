package io.sallyport.decision;

import io.sallyport.policy.PolicySet;
import io.sallyport.policy.Question.RequestedFlow;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Recorded decisions, decided again by another set of policies from what they were computed from: device, posture, signals,
 * flow, place and time as they were.
 */
public interface Replays {
  /** The most groups of one kind that are told; all changes are counted. */
  int MOST_TOLD = 100;

  /**
   * A decision that would turn.
   *
   * @param set the hash of the policies that decided: of those in force then, or of a canary's
   * @param recorded the first reason that was given
   * @param then the first reason that the candidate gives
   */
  record Example(
      UUID decision,
      Instant at,
      String set,
      UUID device,
      @Nullable RequestedFlow flow,
      String recorded,
      String then) {}

  /**
   * Decisions that would turn, of one kind.
   *
   * @param denied how many permits would be denials
   * @param permitted how many denials would be permits
   * @param examples a few, the newest
   */
  record Group<K>(K key, long denied, long permitted, List<Example> examples) {
    public Group {
      examples = List.copyOf(examples);
    }
  }

  /**
   * Decisions that one set of policies made: what was in force then, or what a canary tried.
   *
   * @param decisions how many of them were decided again
   */
  record Decider(String set, long decisions, long denied, long permitted) {}

  /** A device, as it was named in the newest of its decisions that would turn. */
  record TurnedDevice(UUID device, String serialNumber, String profile, String site) {}

  /**
   * The rule by which a decision stands, of the two: of a permit that was recorded, or of the permit that would be given.
   *
   * @param policy null when none is named
   * @param rule null when no single one decides
   */
  record TurnedRule(@Nullable String policy, @Nullable String rule) {}

  /**
   * What came of it.
   *
   * @param candidate hash of the set that decided again
   * @param inForce hash of the set in force
   * @param canary hash of the set that is tried on a share of the devices now, or null; for these it is what is in force
   * @param from the oldest decision that was looked at, or where it was to begin; later than asked for when there are more
   *     than one replay looks at
   * @param until where it ended
   * @param complete whether all of the asked time was looked at
   * @param decisions how many were looked at
   * @param replayed how many of them were decided again
   * @param without how many have no inputs: logged before they were kept, too large, or dropped
   * @param unasked how many were denied whatever policies say: unknown, stale, no live certificate, not active
   * @param denied how many permits would be denials
   * @param permitted how many denials would be permits
   * @param already how many of those changes the set in force makes too: they are there already
   * @param share of the permits that are logged by this node as it is set now; denials all are
   * @param deciders which sets had decided, those of now first, then most decisions first, at most {@link #MOST_TOLD}
   * @param devices the most changed ones first, at most {@link #MOST_TOLD}; likewise the others
   */
  record Report(
      String candidate,
      String inForce,
      @Nullable String canary,
      Instant from,
      Instant until,
      boolean complete,
      long decisions,
      long replayed,
      long without,
      long unasked,
      long denied,
      long permitted,
      long already,
      double share,
      List<Decider> deciders,
      List<Group<TurnedDevice>> devices,
      List<Group<TurnedRule>> rules,
      List<Group<RequestedFlow>> flows) {
    public Report {
      deciders = List.copyOf(deciders);
      devices = List.copyOf(devices);
      rules = List.copyOf(rules);
      flows = List.copyOf(flows);
    }
  }

  /**
   * Decides again what was recorded from {@code since} on, newest first. Streams; one at a time, a second one is refused with
   * {@code unavailable}, as is one while the policies in force are not in memory.
   */
  Report replay(PolicySet candidate, Instant since);
}
