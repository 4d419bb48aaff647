package io.sallyport.enforcement;

import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

/** A registered policy enforcement point (NIST SP 800-207). */
public record EnforcementPoint(
    UUID id, String name, PointKind kind, PointSettings settings, Instant createdAt) {
  /** The longest time from a change to its effect at this point, as declared. */
  public Duration worstCaseDelay() {
    Duration declared = settings.worstCaseDelay();
    return declared == null ? kind.usualDelay() : declared;
  }
}
