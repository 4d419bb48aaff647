package io.sallyport.decision;

import io.sallyport.events.Changes.Change;
import java.util.UUID;

/**
 * About whom something else may be decided after a change. {@link Part} says what of the fleet a change is about, for memory
 * and for whoever follows decisions alike, so that nothing is read again that others do not look at.
 */
public sealed interface Concern {
  /** One device. */
  record OfDevice(UUID id) implements Concern {}

  /** Every device, or nobody knows which. */
  record OfAll() implements Concern {}

  /** Nobody: no decision hangs on it. */
  record OfNobody() implements Concern {}

  static Concern of(Change change) {
    return Part.of(change.subjectType(), change.subject())
        .map(part -> of(part, change.kind()))
        .orElseGet(OfNobody::new);
  }

  private static Concern of(Part part, String kind) {
    return switch (part) {
      case Part.OfDevice(UUID id) -> new OfDevice(id);
      case Part.OfProfile _ -> new OfAll();
      case Part.OfPolicies _ -> new OfAll();
      // Whatever else becomes of an authority, what it certified stays.
      case Part.OfAuthorities _ -> kind.equals("authority.revoked") ? new OfAll() : new OfNobody();
    };
  }
}
