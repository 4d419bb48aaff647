package io.sallyport.decision;

import io.sallyport.devices.DeviceState;
import io.sallyport.devices.Devices;
import io.sallyport.policy.Question;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Counts {@link Fleet}. One count at a time, kept for a moment: it goes through every device. Those that are expected are
 * not in there; they are counted in the inventory, and that count is kept for longer.
 */
@Singleton
final class CountedFleet implements FleetView {
  private static final Duration KEPT = Duration.ofSeconds(2);

  private static final Duration EXPECTED_KEPT = Duration.ofSeconds(30);
  /** Sets of sites that people are bound to; there are tens, not thousands. */
  private static final int MOST_KEPT = 256;

  private final Fleet fleet;
  private final Devices devices;
  private final Clock clock;
  private final Map<Set<String>, Summary> kept = new HashMap<>();
  private final Map<Set<String>, Expected> expected = new HashMap<>();

  CountedFleet(Fleet fleet, Devices devices, Clock clock) {
    this.fleet = fleet;
    this.devices = devices;
    this.clock = clock;
  }

  private record Expected(long count, Instant at) {}

  @Override
  public synchronized Summary summary(Set<String> sites) {
    Instant now = clock.instant();
    Summary last = kept.get(sites);
    if (last != null
        && !now.isBefore(last.countedAt())
        && now.isBefore(last.countedAt().plus(KEPT))) {
      return last;
    }
    if (kept.size() >= MOST_KEPT) {
      kept.clear();
    }
    Summary counted = count(sites, now);
    kept.put(Set.copyOf(sites), counted);
    return counted;
  }

  @Override
  public Optional<Posture> posture(UUID device) {
    return Optional.ofNullable(fleet.device(device)).map(known -> posture(known, clock.instant()));
  }

  private Summary count(Set<String> sites, Instant now) {
    Map<DeviceState, Long> states = new EnumMap<>(DeviceState.class);
    for (DeviceState state : DeviceState.values()) {
      states.put(state, 0L);
    }
    Map<Posture, Long> postures = new EnumMap<>(Posture.class);
    for (Posture posture : Posture.values()) {
      postures.put(posture, 0L);
    }
    fleet.forEach(device -> {
      if (sites.isEmpty() || sites.contains(device.site())) {
        states.merge(device.state(), 1L, Long::sum);
        if (device.state() == DeviceState.ACTIVE || device.state() == DeviceState.QUARANTINED) {
          postures.merge(posture(device, now), 1L, Long::sum);
        }
      }
    });
    states.put(DeviceState.EXPECTED, expected(sites, now));
    return new Summary(states, postures, now);
  }

  private long expected(Set<String> sites, Instant now) {
    Expected last = expected.get(sites);
    if (last == null || now.isBefore(last.at) || !now.isBefore(last.at.plus(EXPECTED_KEPT))) {
      if (expected.size() >= MOST_KEPT) {
        expected.clear();
      }
      last = new Expected(devices.countExpected(sites), now);
      expected.put(Set.copyOf(sites), last);
    }
    return last.count;
  }

  /** As signals leave it, which is what policies look at. */
  private static Posture posture(FleetDevice device, Instant now) {
    Question.Posture posture = device.posture(now);
    if (posture == null) {
      return Posture.NEVER;
    }
    return now.isBefore(posture.expiresAt())
        ? Posture.valueOf(posture.status().toUpperCase(Locale.ROOT))
        : Posture.EXPIRED;
  }
}
