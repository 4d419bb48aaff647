package io.sallyport.devices;

import io.sallyport.kernel.Digest;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A work order and how far it is.
 *
 * @param registered devices that are in it and were not given up, never more than ordered
 * @param issued rows that have their certificate and were not given up
 * @param refused rows that were refused, each as often as it was sent
 * @param manifest SHA-256 of the manifest, once it is closed
 * @param givenUp rows whose units came to nothing
 */
public record Batch(
    UUID id,
    Batches.WorkOrder order,
    UUID manufacturer,
    int registered,
    int issued,
    long refused,
    State state,
    Instant createdAt,
    @Nullable Instant closedAt,
    @Nullable Digest manifest,
    int givenUp) {
  /** How far it is. */
  public enum State {
    OPEN,
    /** Takes nothing more; its manifest is being made. */
    CLOSING,
    CLOSED;

    public String word() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }
}
