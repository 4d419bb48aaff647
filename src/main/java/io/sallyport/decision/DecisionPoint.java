package io.sallyport.decision;

import io.sallyport.kernel.Digest;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Answers from memory; nothing here reads the database. */
public interface DecisionPoint {
  /**
   * A verdict with what it stands on.
   *
   * @param id names this decision in the decision log
   * @param device null when no live device was meant
   * @param permit false whenever the device is unknown, not active, has no live credential, or the node is stale
   * @param appraisal the appraisal it rests on, or null
   * @param validUntil the earliest end of what a permit rests on: appraisal, credential; null when denied
   */
  record Decision(
      UUID id,
      @Nullable UUID device,
      boolean permit,
      java.util.List<String> reasons,
      Verdict verdict,
      @Nullable UUID appraisal,
      @Nullable Instant validUntil) {}

  /** May the device open this flow? {@code flow} null asks what it may do at all. */
  Decision decide(UUID device, @Nullable RequestedFlow flow);

  /** The same, for the device whose live certificate has this thumbprint. */
  Decision decide(Digest thumbprint, @Nullable RequestedFlow flow);

  /** How long ago this node last confirmed that it is current. */
  Duration lag();
}
