package io.sallyport.decision;

import io.sallyport.kernel.Page;
import io.sallyport.policy.Question.RequestedFlow;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The decision log, read back. What was decided in the last moment may not be in it yet. */
public interface DecisionHistory {
  /**
   * A decision as it was logged.
   *
   * @param askedBy kind and name of whoever asked
   * @param device null when no known device was meant
   * @param flow null when it was asked what is permitted at all
   * @param effect {@code permit}, {@code deny}, {@code indeterminate} or {@code not-evaluated}; null in lines of before it was
   *     kept
   * @param rule the rule that decided, or null
   * @param policyHash version hash of the policy set
   * @param inputs SHA-256 in hex of what the policies were told of the device; null when they were not asked, and in lines
   *     of before it was kept
   */
  record LoggedDecision(
      UUID id,
      Instant at,
      String askedBy,
      @Nullable UUID device,
      @Nullable RequestedFlow flow,
      boolean permit,
      @Nullable String effect,
      List<String> reasons,
      @Nullable String rule,
      String policyHash,
      @Nullable UUID appraisal,
      @Nullable String inputs) {
    public LoggedDecision {
      reasons = List.copyOf(reasons);
    }
  }

  /** What was decided: {@code DENY} is whatever is no permit. */
  enum Outcome {
    PERMIT,
    DENY,
    INDETERMINATE,
    NOT_EVALUATED
  }

  /**
   * Which decisions; null for whatever it may be.
   *
   * @param peer as it was asked, in whatever case
   * @param policy the name of the policy that decided
   * @param rule the name of the rule in it
   * @param reason what the first reason is about, such as {@code stale} or {@code state}; with a colon in it, how the first
   *     reason begins
   * @param askedBy kind and name, as in {@link LoggedDecision}
   * @param since inclusive
   * @param until exclusive
   */
  record Filter(
      @Nullable UUID device,
      @Nullable String peer,
      @Nullable String protocol,
      @Nullable Integer port,
      @Nullable String policy,
      @Nullable String rule,
      @Nullable String reason,
      @Nullable Outcome outcome,
      @Nullable String askedBy,
      @Nullable Instant since,
      @Nullable Instant until) {
    public static Filter device(UUID device) {
      return new Filter(device, null, null, null, null, null, null, null, null, null, null);
    }
  }

  /**
   * Decisions, newest first, those before {@code cursor}. A page may hold fewer than {@code limit} and still have a next one:
   * each looks at a bounded number of lines.
   */
  Page<LoggedDecision> find(Filter filter, @Nullable String cursor, int limit);

  /** A decision by its id, or empty when it was not logged or is not kept any more. */
  Optional<LoggedDecision> find(UUID id);

  /** What these inputs say, as JSON; empty when they are not kept any more, or were too large. */
  Optional<String> inputs(String hash);
}
