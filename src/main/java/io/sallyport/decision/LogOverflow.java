package io.sallyport.decision;

/** What becomes of decisions that the database does not take as fast as they are made. */
enum LogOverflow {
  /** They are dropped and counted; no answer waits. */
  DROP,
  /** They go to files of this node, up to a bound, and into the database when it takes them again; no answer waits. */
  SPILL,
  /** Answers wait a moment; what can then not be logged is not permitted. */
  BLOCK
}
