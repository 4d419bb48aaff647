package io.sallyport.enrollment;

import io.sallyport.kernel.Actor;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

/** Devices that may renew by a certificate that has expired: somebody vouches for them, for a while. */
public interface RenewalWaivers {
  /** Until when, and why. */
  record Waiver(UUID device, Instant allowedAt, Instant until, String reason) {}

  /**
   * Lets {@code device} renew by an expired certificate within {@code lifetime} (at most 30 days); the newest waiver
   * counts. A revoked or superseded certificate renews nothing all the same. Refuses with {@code invalid-lifetime}, and
   * what the device's state does not allow.
   */
  Waiver allow(UUID device, Duration lifetime, String reason, Actor actor);
}
