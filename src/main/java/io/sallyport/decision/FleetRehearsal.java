package io.sallyport.decision;

import io.sallyport.decision.Fleet.ProfilePolicies;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.PolicySet;
import io.sallyport.policy.Question;
import io.sallyport.policy.Question.Place;
import io.sallyport.policy.Verdict;
import io.sallyport.policy.Verdict.AllowedFlow;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Asks both sets everything about each device; devices of one kind have one difference, which is worked out once. */
@Singleton
final class FleetRehearsal implements Rehearsal {
  /** Pairs of flow lists whose difference is kept; a fleet has a few for each profile and site. */
  private static final int MOST_KEPT = 4096;

  private final Fleet fleet;
  private final Clock clock;

  FleetRehearsal(Fleet fleet, Clock clock) {
    this.fleet = fleet;
    this.clock = clock;
  }

  private record Pair(List<AllowedFlow> before, List<AllowedFlow> after) {}

  private record Flows(List<AllowedFlow> permitted, List<AllowedFlow> denied) {}

  @Override
  public Comparison compare(PolicySet candidate, Set<String> sites) {
    PolicySet base = fleet.policies();
    if (base == null || fleet.isDoubtful(Part.POLICIES)) {
      throw new Refusal(
          CommonProblem.UNAVAILABLE,
          "This node does not have the policies in force in memory yet; ask again.");
    }
    Counting counting = new Counting(base, candidate, clock.instant());
    fleet.forEach(device -> {
      ProfilePolicies profile = fleet.profile(device.profile());
      if (profile != null
          && device.state().may(Operation.CONNECT)
          && (sites.isEmpty() || sites.contains(device.site()))) {
        counting.add(device, profile);
      }
    });
    return counting.comparison();
  }

  private static Question question(FleetDevice device, ProfilePolicies profile, Instant time) {
    return new Question(
        device.subject(profile.policies()),
        device.posture(time),
        null,
        time,
        Place.UNKNOWN,
        device.signals(time));
  }

  /** One comparison under way. */
  private static final class Counting {
    private final PolicySet base;
    private final PolicySet candidate;
    private final Instant time;
    private final Map<Pair, Flows> kept = new HashMap<>();
    private final Deque<Difference> losers = new ArrayDeque<>();
    private final Deque<Difference> others = new ArrayDeque<>();
    private long devices;
    private long changed;
    private long gaining;
    private long losing;

    Counting(PolicySet base, PolicySet candidate, Instant time) {
      this.base = base;
      this.candidate = candidate;
      this.time = time;
    }

    void add(FleetDevice device, ProfilePolicies profile) {
      devices++;
      Question question = question(device, profile, time);
      Verdict before = base.evaluate(question);
      Verdict after = candidate.evaluate(question);
      boolean attachedAsBefore = Objects.equals(before.network(), after.network());
      Flows flows = flows(standing(before), standing(after));
      boolean gains = !flows.permitted.isEmpty();
      boolean loses = !flows.denied.isEmpty();
      if (attachedAsBefore && !gains && !loses) {
        return;
      }
      changed++;
      gaining += gains ? 1 : 0;
      losing += loses ? 1 : 0;
      Deque<Difference> told = loses ? losers : others;
      if (told.size() < MOST_TOLD) {
        told.add(new Difference(
            device.id(),
            device.serialNumber(),
            device.profile(),
            device.site(),
            flows.permitted,
            flows.denied,
            attachedAsBefore ? null : before.network(),
            attachedAsBefore ? null : after.network()));
      }
    }

    /** What of a verdict counts: a permit whose grounds ended is none. */
    private List<AllowedFlow> standing(Verdict verdict) {
      return Judge.stands(verdict, time) ? verdict.flows() : List.of();
    }

    private Flows flows(List<AllowedFlow> before, List<AllowedFlow> after) {
      if (before.equals(after)) {
        return new Flows(List.of(), List.of());
      }
      Pair pair = new Pair(before, after);
      Flows known = kept.get(pair);
      if (known == null) {
        known = new Flows(FlowDifference.of(after, before), FlowDifference.of(before, after));
        if (kept.size() < MOST_KEPT) {
          kept.put(pair, known);
        }
      }
      return known;
    }

    Comparison comparison() {
      List<Difference> told = new ArrayList<>(losers);
      while (told.size() < MOST_TOLD && !others.isEmpty()) {
        told.add(others.removeFirst());
      }
      return new Comparison(base.hash(), devices, changed, gaining, losing, told);
    }
  }
}
