package io.sallyport.decision;

import java.util.List;
import java.util.UUID;

/** Where decisions are kept, never on the way of an answer. */
interface DecisionStore {
  /**
   * Writes decisions, what they were computed from, and the fact {@code decisions.logged} with the digest over their lines, in
   * one transaction. Does nothing for a batch that is there. For one thread.
   */
  void decisions(UUID batch, List<DecisionRow> rows);

  /** Records the fact {@code decision.essential-used} for each, in one transaction. */
  void essential(List<EssentialUse> uses);
}
