package io.sallyport.decision;

import io.sallyport.kernel.Digest;
import io.sallyport.policy.Question.Place;
import io.sallyport.policy.Question.RequestedFlow;
import java.util.List;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Which devices may do something. What it finds is what {@link DecisionPoint} permits, and no part stands for the whole. */
public interface FleetSearch {
  /**
   * A device that may open the flow.
   *
   * @param certificates thumbprints of its live certificates
   */
  record Found(UUID device, List<Digest> certificates) {
    public Found {
      certificates = List.copyOf(certificates);
    }
  }

  /**
   * The devices that were found on the way from one cursor to the next.
   *
   * @param found none at all is possible before the end
   * @param next where to go on, or null at the end
   */
  record Reach(List<Found> found, @Nullable String next) {
    public Reach {
      found = List.copyOf(found);
    }
  }

  /**
   * Goes through a bounded part of the fleet, so that it answers soon; may block. Refuses with {@code unavailable} while it is
   * not known for certain whether all that it would answer is so, and with {@code malformed} a cursor of another question or
   * of other policies. Not in the decision log: no access is decided on.
   *
   * @param site which sites are looked at
   * @param place as in a question
   * @param limit of devices found, from 1
   */
  Reach permitted(
      RequestedFlow flow, Predicate<String> site, Place place, @Nullable String cursor, int limit);
}
