package io.sallyport.enrollment;

import io.sallyport.devices.CloneAlarms;
import io.sallyport.devices.CloneAlarms.Sign;
import io.sallyport.kernel.Digest;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * From where each certificate is used. One that is used from a second address and shortly after from the first again is in
 * two places; one that merely moves is not. Remembered in the memory of each node, for those that were used last, so that a
 * use costs one look at a table in memory and nothing else. Addresses of IPv4 and IPv6 are not compared: one device has
 * both.
 */
@Singleton
public final class Sightings {
  /** Who comes back to a place that it left within this time was in two places. */
  static final Duration AT_ONCE = Duration.ofMinutes(10);

  /** The same alarm about a certificate is raised once within it. */
  static final Duration QUIET = Duration.ofHours(1);

  /** Some 8 MB when full. */
  static final int MOST_REMEMBERED = 32_768;

  private final Map<Digest, Seen> seen = new LinkedHashMap<>(1024, 0.75f, true) {
    @Override
    protected boolean removeEldestEntry(Map.Entry<Digest, Seen> eldest) {
      return size() > MOST_REMEMBERED;
    }
  };
  private final CloneAlarms alarms;
  private final Clock clock;

  /** Where a certificate was last, and where before that. */
  private static final class Seen {
    String place;

    @Nullable
    String before;

    @Nullable
    Instant leftBefore;

    Instant last;

    @Nullable
    Instant alarmed;

    Seen(String place, Instant last) {
      this.place = place;
      this.last = last;
    }
  }

  public Sightings(CloneAlarms alarms, Clock clock) {
    this.alarms = alarms;
    this.clock = clock;
  }

  /**
   * Notes a use by somebody who proved the key; raises the alarm when it was in two places.
   *
   * @param certificate thumbprint of the certificate, one of ours or a manufacturer's
   * @param place the peer's address
   */
  public void used(Digest certificate, UUID device, String place) {
    String other = otherPlace(certificate, place);
    if (other != null) {
      alarms.raise(
          Sign.CERTIFICATE_IN_TWO_PLACES,
          device,
          List.of(),
          Map.of("certificate", certificate.hex(), "place", place, "other_place", other));
    }
  }

  private @Nullable String otherPlace(Digest certificate, String place) {
    Instant now = clock.instant();
    synchronized (seen) {
      Seen known = seen.get(certificate);
      if (known == null) {
        seen.put(certificate, new Seen(place, now));
        return null;
      }
      if (known.place.equals(place)) {
        known.last = now;
        return null;
      }
      if (isIpv6(known.place) != isIpv6(place)) {
        return null;
      }
      String left = known.place;
      boolean back = place.equals(known.before)
          && known.leftBefore != null
          && known.leftBefore.plus(AT_ONCE).isAfter(now);
      known.before = left;
      known.leftBefore = known.last;
      known.place = place;
      known.last = now;
      if (!back || known.alarmed != null && known.alarmed.plus(QUIET).isAfter(now)) {
        return null;
      }
      known.alarmed = now;
      return left;
    }
  }

  private static boolean isIpv6(String place) {
    return place.indexOf(':') >= 0;
  }
}
