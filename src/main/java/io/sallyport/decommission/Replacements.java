package io.sallyport.decommission;

import io.sallyport.devices.Device;
import io.sallyport.kernel.Actor;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One thing in the place of another: a spare for a failed device, a new identity for a returned unit. */
public interface Replacements {
  /**
   * A spare that took a failed device's place.
   *
   * @param name what the failed one was called, and the spare is called now
   * @param by who did it
   */
  record Replacement(UUID failed, UUID spare, String name, String reason, String by, Instant at) {}

  /**
   * What a returned unit is to be; null: as its last device was.
   *
   * @param name null for the unit's serial number: it is not the device that it was
   */
  record NewLife(
      @Nullable String name,
      @Nullable String profile,
      @Nullable String owner,
      @Nullable String site,
      @Nullable Map<String, String> labels) {
    public NewLife {
      labels = labels == null ? null : Map.copyOf(labels);
    }
  }

  /**
   * The spare takes over name, profile, labels, owner and site of the failed device, which is decommissioned, all in one
   * commit; the failed one's addresses follow once every enforcement point has confirmed its withdrawal, or has not in time.
   * The same pair again is the same replacement. The spare keeps its own keys, and what of its certificates the profile
   * allows.
   *
   * @param otherModel whether the spare may be of another model or manufacturer
   * @param sites the only sites that both may be on; empty for every site
   */
  Replacement replace(
      UUID failed, UUID spare, boolean otherModel, String reason, Set<String> sites, Actor actor);

  /** How a device came to its place, or who took it. */
  Optional<Replacement> find(UUID device);

  /**
   * Registers a new device on the hardware unit of this one, which is decommissioned if it was not yet. The unit keeps its
   * keys: they may be certified for the new device, and never for another unit (law 3). The same device again gives the same
   * new one.
   *
   * @param sites the only sites that it may be on and come to; empty for every site
   */
  Device remanufacture(UUID device, NewLife life, String reason, Set<String> sites, Actor actor);
}
