package io.sallyport.decision;

import java.util.Optional;
import java.util.UUID;

/** A part of the fleet that is read again by itself. */
sealed interface Part {
  /** One device with its credentials and its latest appraisal. */
  record OfDevice(UUID id) implements Part {}

  /** What one device profile says of policies. */
  record OfProfile(String name) implements Part {}

  /** All policies, compiled together. */
  record OfPolicies() implements Part {}

  /** Which authorities were revoked. */
  record OfAuthorities() implements Part {}

  Part POLICIES = new OfPolicies();
  Part AUTHORITIES = new OfAuthorities();

  /** The part that a fact about this subject may have changed; empty when it is none of ours. */
  static Optional<Part> of(String subjectType, String subject) {
    return switch (subjectType) {
      case "device" -> device(subject);
      case "profile" -> Optional.of(new OfProfile(subject));
      case "policy", "policy-canary" -> Optional.of(POLICIES);
      case "authority" -> Optional.of(AUTHORITIES);
      default -> Optional.empty();
    };
  }

  private static Optional<Part> device(String id) {
    try {
      return Optional.of(new OfDevice(UUID.fromString(id)));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
