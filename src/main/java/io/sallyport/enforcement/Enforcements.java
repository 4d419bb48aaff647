package io.sallyport.enforcement;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Desired against observed: that a device's access is withdrawn at a point, and whether the point has confirmed it. Facts
 * are about subject type {@code enforcement}.
 */
public interface Enforcements {
  /** How far a withdrawal is. */
  enum Outcome {
    /** The point has not confirmed it yet. */
    PENDING,
    /** Its declared worst-case delay has passed without a confirmation; it is tried on. */
    UNCONFIRMED,
    ACKNOWLEDGED;

    public String word() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /**
   * A withdrawal at one point.
   *
   * @param session the session that ends, or null when it concerns the device at that point at all
   * @param detail the last that was heard from the point
   */
  record Enforcement(
      UUID id,
      EnforcementPoint point,
      UUID device,
      @Nullable UUID session,
      String reason,
      Instant desiredAt,
      int attempts,
      Outcome outcome,
      @Nullable Instant acknowledgedAt,
      String detail) {}

  /**
   * Notes, in the caller's transaction, that all the device's access is to be withdrawn at every point that has to be told:
   * one for each live session, one for each point that follows. Points that ask for every decision are not told. What is
   * under way already is not noted twice, but desired anew from now on.
   */
  List<Enforcement> withdraw(UUID device, String reason);

  /** The same for one session. */
  Optional<Enforcement> withdraw(Sessions.Session session, String reason);

  /** The point confirmed it; idempotent. */
  void acknowledge(UUID enforcement, String detail);

  /** Confirms all of a point's that were desired at or before {@code seen}: for points that fetch or follow. */
  void acknowledge(EnforcementPoint point, Instant seen, String detail);

  Optional<Enforcement> get(UUID enforcement);

  /** The device's, newest first. */
  List<Enforcement> of(UUID device, int limit);

  /** Since when the one that a point has not acknowledged for longest is desired; empty when all are acknowledged. */
  Optional<Instant> waitingSince(UUID point);

  /** How many of a point's are not acknowledged. */
  long open(UUID point);
}
