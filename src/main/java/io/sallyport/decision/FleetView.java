package io.sallyport.decision;

import io.sallyport.devices.DeviceState;
import java.time.Instant;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** The fleet as this node has it in memory, for people to look at. Nothing here reads the database. */
public interface FleetView {
  /** What the newest appraisal of a device says at present. */
  enum Posture {
    AFFIRMING,
    WARNING,
    CONTRAINDICATED,
    /** It says nothing of what the device runs. */
    NONE,
    EXPIRED,
    /** The device never attested. */
    NEVER
  }

  /**
   * Numbers of devices.
   *
   * @param states all devices, by state; every state is there
   * @param postures those that are active or quarantined, by posture; every posture is there
   * @param countedAt at most a few seconds ago
   */
  record Summary(Map<DeviceState, Long> states, Map<Posture, Long> postures, Instant countedAt) {
    public Summary {
      states = Collections.unmodifiableMap(new EnumMap<>(states));
      postures = Collections.unmodifiableMap(new EnumMap<>(postures));
    }
  }

  /** Counts the devices on these sites, or all when empty. */
  Summary summary(Set<String> sites);

  /** Empty for a device that is unknown or merely expected. */
  Optional<Posture> posture(UUID device);
}
