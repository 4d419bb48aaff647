package io.sallyport.decommission;

import io.sallyport.devices.Device;
import io.sallyport.enforcement.Enforcements.Enforcement;
import io.sallyport.kernel.Actor;
import io.sallyport.pki.RevocationReason;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Takes everything away from a device, everywhere, in one act that goes on by itself after any interruption: the wipe, one
 * commit that denies and revokes, every enforcement point told, the tombstone.
 */
public interface Decommissions {
  /** The longest that a wipe is waited for. */
  Duration LONGEST_WIPE = Duration.ofDays(30);

  /** The steps in their order. */
  enum StepName {
    /** The device was told to wipe itself; while that is open it has the wipe channel and nothing else. */
    WIPE,
    /** One commit: the device is denied and all its certificates are revoked. */
    DENY_AND_REVOKE,
    /** Every enforcement point that has to be told. */
    TELL,
    /** The run's end; what is unconfirmed then is tried on and shown. */
    TOMBSTONE;

    public String word() {
      return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
  }

  /** How far a step is. */
  enum StepState {
    WAITING,
    OPEN,
    SKIPPED,
    DONE,
    UNCONFIRMED;

    public String word() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /**
   * A step.
   *
   * @param at when it got where it is, or null
   * @param by who confirmed it, or null
   */
  record Step(
      StepName name,
      StepState state,
      @Nullable Instant at,
      @Nullable String by,
      String detail) {}

  /**
   * A run.
   *
   * @param enforcements what is withdrawn at each point, as far as it has to be told
   */
  record Run(
      UUID device,
      RevocationReason reason,
      String note,
      String startedBy,
      Instant startedAt,
      @Nullable Instant finishedAt,
      List<Step> steps,
      List<Enforcement> enforcements) {
    public Run {
      steps = List.copyOf(steps);
      enforcements = List.copyOf(enforcements);
    }
  }

  /** An order to a device to wipe itself. */
  record WipeOrder(UUID device, Instant orderedAt, Instant deadline) {}

  /**
   * Starts the run; idempotent, the first reason stays. Without a wipe, or after a compromise, when nothing that the device
   * says can be believed, it denies and revokes in this call.
   *
   * @param wipe how long the device may take to confirm its wipe, up to {@link #LONGEST_WIPE}; null or zero to skip it
   */
  Device start(
      UUID device, RevocationReason reason, String note, @Nullable Duration wipe, Actor actor);

  Optional<Run> find(UUID device);

  /** The open wipe order of a device that still has to confirm it. */
  Optional<WipeOrder> wipeOrder(UUID device);

  /**
   * The device says how its wipe went, which ends the wait; idempotent. Refuses with {@code no-wipe-order} when none was
   * given.
   */
  void wiped(UUID device, boolean success, String detail, Actor actor);
}
