package io.sallyport.decision;

import io.sallyport.decision.Inputs.Snapshot;
import io.sallyport.decision.Replays.Decider;
import io.sallyport.decision.Replays.Example;
import io.sallyport.decision.Replays.Report;
import io.sallyport.decision.Replays.TurnedDevice;
import io.sallyport.decision.Replays.TurnedRule;
import io.sallyport.policy.CanaryPolicies;
import io.sallyport.policy.PolicySet;
import io.sallyport.policy.Question;
import io.sallyport.policy.Question.Place;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One replay under way: what was recorded goes in, decision by decision, and what would turn is counted. One thread. */
final class ReplayCount {
  private static final String POLICY = "policy ";
  private static final int MOST_SETS = 10_000;

  private final PolicySet candidate;
  private final PolicySet inForce;
  private final ReplayTally<UUID, TurnedDevice> devices = new ReplayTally<>();
  private final ReplayTally<TurnedRule, TurnedRule> rules = new ReplayTally<>();
  private final ReplayTally<RequestedFlow, RequestedFlow> flows = new ReplayTally<>();
  private final Map<String, Decider> sets = new HashMap<>();
  private long decisions;
  private long replayed;
  private long without;
  private long unasked;
  private long denied;
  private long permitted;
  private long already;

  ReplayCount(PolicySet candidate, PolicySet inForce) {
    this.candidate = candidate;
    this.inForce = inForce;
  }

  /**
   * A decision as it was recorded.
   *
   * @param set the hash of the policies that decided
   * @param cause as {@link DecisionRow.Keys} has it
   */
  record Recorded(
      UUID id,
      Instant at,
      String set,
      @Nullable RequestedFlow flow,
      Place place,
      boolean permit,
      String reason,
      @Nullable String cause,
      @Nullable String rule) {}

  /** Denied whatever policies say. */
  void unasked() {
    decisions++;
    unasked++;
  }

  /** Of which is not known what it was computed from. */
  void without() {
    decisions++;
    without++;
  }

  void replay(Recorded recorded, Snapshot snapshot) {
    decisions++;
    replayed++;
    Question question = snapshot.question(recorded.flow, recorded.at, recorded.place);
    Verdict verdict = candidate.evaluate(question);
    boolean permit = Judge.stands(verdict, recorded.at);
    count(recorded.set, recorded.permit, permit);
    if (permit == recorded.permit) {
      return;
    }
    if (permit) {
      permitted++;
    } else {
      denied++;
    }
    if (Judge.stands(inForce.evaluate(question), recorded.at) == permit) {
      already++;
    }
    Example example = new Example(
        recorded.id,
        recorded.at,
        recorded.set,
        snapshot.device(),
        recorded.flow,
        recorded.reason,
        verdict.reasons().getFirst());
    devices.add(
        snapshot.device(),
        id -> new TurnedDevice(
            id,
            snapshot.subject().serialNumber(),
            snapshot.subject().profile(),
            snapshot.subject().site()),
        !permit,
        example);
    rules.add(rule(recorded, permit ? verdict : null), rule -> rule, !permit, example);
    if (recorded.flow != null) {
      flows.add(recorded.flow, flow -> flow, !permit, example);
    }
  }

  /** A set that decided little when there are many is in the totals only. */
  private void count(String set, boolean was, boolean is) {
    if (sets.containsKey(set) || sets.size() < MOST_SETS) {
      sets.merge(
          set,
          new Decider(set, 1, was && !is ? 1 : 0, is && !was ? 1 : 0),
          (known, one) -> new Decider(
              set,
              known.decisions() + one.decisions(),
              known.denied() + one.denied(),
              known.permitted() + one.permitted()));
    }
  }

  private static TurnedRule rule(Recorded recorded, @Nullable Verdict permit) {
    if (permit != null) {
      return new TurnedRule(permit.policy(), permit.rule());
    }
    String cause = recorded.cause;
    return new TurnedRule(
        cause != null && cause.startsWith(POLICY) ? cause.substring(POLICY.length()) : null,
        recorded.rule);
  }

  Report report(Instant from, Instant until, boolean complete, double share) {
    String canary =
        inForce instanceof CanaryPolicies both && !both.isOver(until) ? both.candidate() : null;
    return new Report(
        candidate.hash(),
        inForce.hash(),
        canary,
        from,
        until,
        complete,
        decisions,
        replayed,
        without,
        unasked,
        denied,
        permitted,
        already,
        share,
        sets.values().stream()
            .sorted(Comparator.comparing((Decider one) ->
                    !one.set().equals(inForce.hash()) && !one.set().equals(canary))
                .thenComparing(Decider::decisions, Comparator.reverseOrder()))
            .limit(Replays.MOST_TOLD)
            .toList(),
        devices.most(),
        rules.most(),
        List.copyOf(flows.most()));
  }
}
