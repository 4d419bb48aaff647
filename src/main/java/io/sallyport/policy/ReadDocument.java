package io.sallyport.policy;

/** A document that was read. What it says of segments is resolved when a set is made of documents. */
sealed interface ReadDocument permits AccessPolicy, Segment {
  /** One for all kinds of documents. */
  String name();

  /** SHA-256 in hex over the text. */
  String hash();
}
