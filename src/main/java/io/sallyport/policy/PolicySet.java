package io.sallyport.policy;

import java.util.Collection;
import java.util.List;

/** An immutable, compiled set of policies. Pure: no clock, no database. Safe for any thread. */
public interface PolicySet {
  /**
   * Compiles documents of kind AccessPolicy and Segment; order and repetition do not matter. Refuses with {@code invalid-policy}; throws
   * {@link IllegalArgumentException} when two different documents have one name.
   */
  static PolicySet compile(Collection<String> documents) {
    return new CompiledPolicySet(documents.stream().map(PolicyReader::read).toList());
  }

  /** Answers {@code question}; never throws: an evaluation error denies and says so in the reasons. */
  Verdict evaluate(Question question);

  /** The same with its grounds; for people, so it may cost a thousand times as much. Never throws. */
  default Explanation explain(Question question) {
    return new Explanation(evaluate(question), List.of(), List.of(), List.of());
  }

  /** What keeps the policies that select the device from permitting; empty when they permit. Never throws. */
  default List<Explanation.Unmet> unmet(Question question) {
    return explain(question).unmet();
  }

  /** What is forbidden the device by address, whatever {@code question} asks for. Never throws. */
  Forbidden forbidden(Question question);

  /** SHA-256 in hex over the documents of the set. */
  String hash();

  /** Other than before whenever this may answer otherwise than before at the same time. */
  default String state() {
    return hash();
  }
}
