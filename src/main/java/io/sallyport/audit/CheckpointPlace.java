package io.sallyport.audit;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Somewhere that checkpoints are kept and this server cannot rewrite them. Used by one thread, by one node at a time. */
interface CheckpointPlace {
  /** {@code file}, {@code store} or {@code witness}: for the job, metrics and people. */
  String kind();

  /** What tells this place from another one of its kind. */
  String name();

  /**
   * Takes a checkpoint there. Called outside of any transaction; what it did and a crash kept from being noted, it finds
   * out by itself the next time.
   *
   * @param reading for looking at the log's tree
   * @param kept how far the place has the log, as was noted
   * @throws Undelivered with a sentence for an operator; it will be tried again
   */
  Kept deliver(Connection reading, Kept kept, SignedRoot newest)
      throws SQLException, InterruptedException;

  /** Somebody else may have delivered in the meantime: forget what was remembered. */
  void begin();

  /**
   * How far a place has the log.
   *
   * @param octets length of a file
   * @param digest SHA-256 of that many octets of it
   * @param cosignature what a witness signed just now
   */
  record Kept(
      long size,
      long octets,
      byte @Nullable [] digest,
      @Nullable Cosignature cosignature) {
    static final Kept NOTHING = new Kept(0, 0, null, null);
  }

  /** A signature line of a witness. */
  record Cosignature(String witness, String line, Instant at) {}

  /** Why a checkpoint could not be delivered, in a sentence. */
  final class Undelivered extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Undelivered(String sentence) {
      super(sentence, null, false, false);
    }

    String sentence() {
      return String.valueOf(getMessage());
    }
  }
}
