package io.sallyport.enrollment;

import io.sallyport.devices.Device;
import io.sallyport.kernel.Actor;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** How devices pass from one owner to the next. Changes are facts about the device. */
public interface Ownerships {
  /** What an owner did. */
  enum Act {
    RELEASED,
    /** The release was taken back. */
    KEPT,
    CLAIMED;

    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** A release with its code, told once. */
  record Release(UUID device, String code, Instant expiresAt) {}

  /**
   * What was done.
   *
   * @param from the owner until then
   * @param to the owner from then on, or the only one who may claim; null for whoever has the code
   * @param by the operator
   */
  record Entry(Act act, String from, @Nullable String to, Instant at, String by) {}

  /**
   * As what the next owner takes a device.
   *
   * @param profile the device profile, or null to keep the one that it has
   */
  record Claim(String owner, String site, @Nullable String profile) {}

  /**
   * Lets whoever has the code claim an expected or active device within {@code lifetime} (at most 365 days). Until then it
   * stays as it is. A further release takes the place of the one before.
   *
   * @param to the only owner who may claim it, or null
   */
  Release release(UUID device, @Nullable String to, Duration lifetime, Actor actor);

  /** Takes a release back; nothing happens without one. */
  void keep(UUID device, Actor actor);

  /**
   * Makes a released device the next owner's, in one commit: all that it had under the last one ends, certificates,
   * attestation keys, appraisals, addresses, enrollment tokens and accounts, and so do its labels. It enrolls anew. Refuses
   * with {@code unknown-claim-code}, and with {@code other-owner} who is not the one it was released to. Of two at once one
   * gets it.
   */
  Device claim(String code, Claim claim, Actor actor);

  /** Oldest first. */
  List<Entry> history(UUID device);
}
