package io.sallyport.enrollment;

import io.sallyport.devices.CloneAlarms;
import io.sallyport.devices.CloneAlarms.Sign;
import io.sallyport.kernel.Digest;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
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

  /** By how much the clocks of two nodes may differ. */
  static final Duration SKEW = Duration.ofSeconds(10);

  /** For the second or so until they are written; what does not fit is seen again. */
  private static final int MOST_UNTOLD = 8_192;

  private final ArrayDeque<Sighting> untold = new ArrayDeque<>();
  private final Map<Digest, Seen> seen = new LinkedHashMap<>(1024, 0.75f, true) {
    @Override
    protected boolean removeEldestEntry(Map.Entry<Digest, Seen> eldest) {
      return size() > MOST_REMEMBERED;
    }
  };
  private final CloneAlarms alarms;
  private final Clock clock;

  /** A certificate at a place, where this node had not seen it before. */
  record Sighting(Digest certificate, UUID device, String place, Instant at) {}

  /** Where a certificate was last, and where before that. */
  private static final class Seen {
    String place;

    /** Since when it has been there. */
    Instant since;

    @Nullable
    String before;

    @Nullable
    Instant leftBefore;

    Instant last;

    @Nullable
    Instant alarmed;

    /** Where another node saw it since then, and when. */
    @Nullable
    String elsewhere;

    @Nullable
    Instant elsewhereAt;

    Seen(String place, Instant last) {
      this.place = place;
      this.since = last;
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
    raise(certificate, device, place, otherPlace(certificate, device, place));
  }

  /** Notes what another node saw; raises the alarm when this one saw the certificate before that and saw it after. */
  void usedElsewhere(Sighting sighting) {
    String here;
    synchronized (seen) {
      Seen known = seen.get(sighting.certificate());
      if (known == null
          || known.place.equals(sighting.place())
          || isIpv6(known.place) != isIpv6(sighting.place())
          || !known.since.isBefore(sighting.at())) {
        return;
      }
      known.elsewhere = sighting.place();
      known.elsewhereAt = sighting.at();
      here = known.place;
      if (inTwoPlaces(known, clock.instant()) == null) {
        return;
      }
    }
    raise(sighting.certificate(), sighting.device(), here, sighting.place());
  }

  /** What was seen for the first time or from another address since this was asked last. */
  List<Sighting> untold() {
    synchronized (seen) {
      List<Sighting> told = List.copyOf(untold);
      untold.clear();
      return told;
    }
  }

  private void raise(Digest certificate, UUID device, String place, @Nullable String other) {
    if (other != null) {
      alarms.raise(
          Sign.CERTIFICATE_IN_TWO_PLACES,
          device,
          List.of(),
          Map.of("certificate", certificate.hex(), "place", place, "other_place", other));
    }
  }

  private @Nullable String otherPlace(Digest certificate, UUID device, String place) {
    Instant now = clock.instant();
    synchronized (seen) {
      Seen known = seen.get(certificate);
      if (known == null) {
        seen.put(certificate, new Seen(place, now));
        tell(new Sighting(certificate, device, place, now));
        return null;
      }
      if (known.place.equals(place)) {
        known.last = now;
        return inTwoPlaces(known, now);
      }
      tell(new Sighting(certificate, device, place, now));
      known.since = now;
      known.elsewhere = null;
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
      return back && isLoud(known, now) ? left : null;
    }
  }

  private void tell(Sighting sighting) {
    if (untold.size() < MOST_UNTOLD) {
      untold.add(sighting);
    }
  }

  /** Where another node saw it between two uses that this one saw from one place; or null. */
  private @Nullable String inTwoPlaces(Seen known, Instant now) {
    String elsewhere = known.elsewhere;
    Instant at = known.elsewhereAt;
    if (elsewhere == null
        || at == null
        || !known.last.isAfter(at.plus(SKEW))
        || !at.plus(AT_ONCE).isAfter(known.last)) {
      return null;
    }
    return isLoud(known, now) ? elsewhere : null;
  }

  /** Whether nothing was said about it for an hour; if so it is now. */
  private static boolean isLoud(Seen known, Instant now) {
    if (known.alarmed != null && known.alarmed.plus(QUIET).isAfter(now)) {
      return false;
    }
    known.alarmed = now;
    return true;
  }

  private static boolean isIpv6(String place) {
    return place.indexOf(':') >= 0;
  }
}
