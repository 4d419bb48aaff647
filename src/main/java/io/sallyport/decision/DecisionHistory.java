package io.sallyport.decision;

import io.sallyport.kernel.Page;
import io.sallyport.policy.Question.RequestedFlow;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The decision log, read back. What was decided in the last moment may not be in it yet. */
public interface DecisionHistory {
  /**
   * A decision as it was logged.
   *
   * @param askedBy kind and name of whoever asked
   * @param flow null when it was asked what is permitted at all
   * @param policyHash version hash of the policy set
   */
  record LoggedDecision(
      UUID id,
      Instant at,
      String askedBy,
      @Nullable RequestedFlow flow,
      boolean permit,
      List<String> reasons,
      String policyHash,
      @Nullable UUID appraisal) {
    public LoggedDecision {
      reasons = List.copyOf(reasons);
    }
  }

  /** Decisions about a device, newest first, those before {@code cursor}. */
  Page<LoggedDecision> of(UUID device, @Nullable String cursor, int limit);
}
