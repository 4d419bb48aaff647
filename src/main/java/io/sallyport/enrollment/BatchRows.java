package io.sallyport.enrollment;

import io.sallyport.devices.Batches.Row;
import io.sallyport.kernel.Actor;
import java.util.Set;
import java.util.UUID;

/** What an operator decides about one row of an open batch, so that the batch can be closed honestly. Each is a fact. */
public interface BatchRows {
  /**
   * Takes a row up again: what its device has is revoked, and its line may ask once more, on any key. A row that has no
   * certificate is open anyway and stays as it is. Refuses with {@code unknown-row}, {@code batch-closed}, {@code
   * row-given-up}, {@code in-progress}, and {@code state-forbids} when its device may not enroll.
   *
   * @param sites where the operator acts; empty for everywhere
   * @return the row as it is now
   */
  Row reopen(UUID batch, String key, Set<String> sites, String reason, Actor actor);

  /**
   * Gives a row up for good: its device is decommissioned, and another may take its place in what was ordered. Idempotent.
   * Refuses as {@link #reopen} does, in any state of the device.
   *
   * @return the row as it is now
   */
  Row giveUp(UUID batch, String key, Set<String> sites, String reason, Actor actor);
}
