package io.sallyport.policy;

/** An immutable, compiled set of policies. Pure: no clock, no database. Safe for any thread. */
public interface PolicySet {
  /** Answers {@code question}; never throws: an evaluation error denies and says so in the reasons. */
  Verdict evaluate(Question question);

  /** SHA-256 in hex over the documents of the set. */
  String hash();
}
