package io.sallyport.audit;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Places outside of this server that keep its checkpoints, so that a history replaced with its signatures is found. */
public interface CheckpointDeliveries {
  /** Where this server delivers to, and how far each place is. Read from the database. */
  List<Delivery> deliveries();

  /**
   * How far a place has the log.
   *
   * @param kind {@code file}, {@code store} or {@code witness}
   * @param place path, bucket and prefix, or verifier key
   * @param size of the newest checkpoint that it has, 0 for none
   * @param at when it got that, or null
   * @param waitingSince since when there is a checkpoint that it does not have, or null
   * @param complaint why nothing can be delivered, in a sentence, or null
   */
  record Delivery(
      String kind,
      String place,
      long size,
      @Nullable Instant at,
      @Nullable Instant waitingSince,
      @Nullable String complaint) {}
}
