package io.sallyport.audit;

import java.util.List;

/** The log's door. Law 8: every change, and every refusal to an authenticated party, is a fact committed with it. */
public interface Audit {
  /** Records a fact in the caller's transaction; without one it throws, because a fact commits with its change. */
  void record(Fact fact);

  /** The same for several, in this order, at the cost of little more than one. */
  default void recordAll(List<Fact> facts) {
    facts.forEach(this::record);
  }

  /** Records a fact in a transaction of its own: for refusals, whose own transaction is rolled back. */
  void recordRefusal(Fact fact);
}
