package io.sallyport.grants;

import io.sallyport.decision.DecisionPoint;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.grants.RefusalReason.Remedy;
import io.sallyport.policy.Explanation;
import io.sallyport.policy.Explanation.Unmet;
import io.sallyport.policy.Question.RequestedFlow;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What decisions that deny come to for the device: what the decision point says by itself, and what policies want. */
final class RefusalReasons {
  /** An explanation costs far more than a decision. */
  private static final int MOST_EXPLAINED = 4;

  private static final int MOST = 32;

  private record Own(String code, Remedy remedy) {}

  /** By how the first reason of such a decision begins ({@link Decision#reasons}). */
  private static final Map<String, Own> OWN = Map.of(
      "unlogged", new Own("unlogged", Remedy.WAIT),
      "stale", new Own("stale", Remedy.WAIT),
      "unconfirmed", new Own("unconfirmed", Remedy.WAIT),
      "error", new Own("error", Remedy.WAIT),
      "unknown device", new Own("device", Remedy.NONE),
      "unknown certificate", new Own("credential", Remedy.RENEW),
      "credential", new Own("credential", Remedy.RENEW),
      "state", new Own("state", Remedy.NONE),
      "posture", new Own("ended", Remedy.ATTEST));

  private final DecisionPoint decisions;

  RefusalReasons(DecisionPoint decisions) {
    this.decisions = decisions;
  }

  /**
   * @param flows what was asked, empty for all that is permitted
   * @param decided in the order of {@code flows}, or the one decision
   * @return empty when all permit
   */
  List<RefusalReason> of(UUID device, List<RequestedFlow> flows, List<Decision> decided) {
    boolean someArePermitted = decided.stream().anyMatch(Decision::permit);
    Set<RefusalReason> reasons = new LinkedHashSet<>();
    int explained = 0;
    for (int i = 0; i < decided.size() && reasons.size() < MOST; i++) {
      Decision decision = decided.get(i);
      if (!decision.permit()) {
        RequestedFlow flow = flows.isEmpty() ? null : flows.get(i);
        Own own = own(decision.reasons().getFirst());
        if (own != null) {
          reasons.add(
              RefusalReason.of(own.code, String.join("; ", decision.reasons()), own.remedy));
        } else {
          boolean explain = explained++ < MOST_EXPLAINED;
          reasons.addAll(ofPolicy(device, flow, decision, explain, someArePermitted));
        }
      }
    }
    return reasons.stream().limit(MOST).toList();
  }

  private static @Nullable Own own(String reason) {
    return OWN.entrySet().stream()
        .filter(entry -> startsWith(reason, entry.getKey()))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse(null);
  }

  private static boolean startsWith(String reason, String words) {
    return reason.startsWith(words)
        && (reason.length() == words.length()
            || !Character.isLetterOrDigit(reason.charAt(words.length())));
  }

  private List<RefusalReason> ofPolicy(
      UUID device,
      @Nullable RequestedFlow flow,
      Decision decision,
      boolean explain,
      boolean someArePermitted) {
    Remedy otherwise = someArePermitted ? Remedy.NARROW : Remedy.NONE;
    List<RefusalReason> reasons = new ArrayList<>();
    if (explain) {
      decisions.unmet(device, flow).forEach(unmet -> reasons.add(reason(flow, unmet, otherwise)));
    }
    return reasons.isEmpty()
        ? List.of(new RefusalReason(
            "policy",
            flow,
            decision.verdict().policy(),
            decision.verdict().rule(),
            String.join("; ", decision.reasons()),
            null,
            null,
            null,
            otherwise))
        : reasons;
  }

  /** A condition on what the device does not say itself, and a forbid, are not for its ears: it may be watched. */
  private static RefusalReason reason(@Nullable RequestedFlow flow, Unmet unmet, Remedy otherwise) {
    if (unmet.kind() == Explanation.Kind.FORBIDDEN
        || unmet.kind() == Explanation.Kind.CONDITION
            && (!unmet.what().contains("posture.")
                || unmet.what().contains("signals")
                || unmet.what().contains("location."))) {
      boolean forbidden = unmet.kind() == Explanation.Kind.FORBIDDEN;
      return new RefusalReason(
          forbidden ? "forbidden" : "condition",
          flow,
          unmet.policy(),
          unmet.rule(),
          "policy " + unmet.policy()
              + (forbidden ? " forbids it" : " has a condition that is not met"),
          null,
          null,
          null,
          otherwise);
    }
    return new RefusalReason(
        switch (unmet.kind()) {
          case POSTURE -> "posture";
          case CONDITION -> "condition";
          case FLOW -> "flow";
          case FORBIDDEN -> "forbidden";
          case TIME -> "time";
        },
        flow,
        unmet.policy(),
        unmet.rule(),
        "policy " + unmet.policy() + ": " + unmet.what()
            + (unmet.has() == null ? "" : " is " + unmet.has()) + ", wanted: " + unmet.wants(),
        unmet.what(),
        unmet.has(),
        unmet.wants(),
        switch (unmet.kind()) {
          case POSTURE -> Remedy.ATTEST;
          case CONDITION -> Remedy.ATTEST;
          case FLOW, FORBIDDEN -> otherwise;
          case TIME -> Remedy.WAIT;
        });
  }
}
