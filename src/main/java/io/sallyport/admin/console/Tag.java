package io.sallyport.admin.console;

import io.sallyport.attestation.TrustTier;
import io.sallyport.decision.FleetView.Posture;
import io.sallyport.decommission.Decommissions.StepState;
import io.sallyport.devices.DeviceState;
import io.sallyport.enforcement.Enforcements.Outcome;

/**
 * A word in a color.
 *
 * @param css {@code good}, {@code warn}, {@code bad}, {@code blue} or {@code calm}
 */
record Tag(String word, String css) {
  static Tag of(DeviceState state) {
    return new Tag(
        state.word(),
        switch (state) {
          case EXPECTED -> "blue";
          case ACTIVE -> "good";
          case QUARANTINED, WIPING -> "warn";
          case SUSPENDED -> "bad";
          case DECOMMISSIONED -> "calm";
        });
  }

  static Tag of(Posture posture) {
    return switch (posture) {
      case AFFIRMING -> new Tag("affirming", "good");
      case WARNING -> new Tag("warning", "warn");
      case CONTRAINDICATED -> new Tag("contraindicated", "bad");
      case NONE -> new Tag("no statement", "calm");
      case EXPIRED -> new Tag("expired", "calm");
      case NEVER -> new Tag("never attested", "blue");
    };
  }

  static Tag of(TrustTier tier) {
    return new Tag(
        tier == TrustTier.NONE ? "no statement" : tier.word(),
        switch (tier) {
          case NONE -> "calm";
          case AFFIRMING -> "good";
          case WARNING -> "warn";
          case CONTRAINDICATED -> "bad";
        });
  }

  static Tag of(Outcome outcome) {
    return new Tag(
        outcome.word(),
        switch (outcome) {
          case PENDING -> "blue";
          case UNCONFIRMED -> "bad";
          case ACKNOWLEDGED -> "good";
        });
  }

  static Tag of(StepState state) {
    return new Tag(
        state.word(),
        switch (state) {
          case WAITING, SKIPPED -> "calm";
          case OPEN -> "blue";
          case DONE -> "good";
          case UNCONFIRMED -> "bad";
        });
  }

  static Tag permit(boolean permit) {
    return permit ? new Tag("permit", "good") : new Tag("deny", "bad");
  }
}
