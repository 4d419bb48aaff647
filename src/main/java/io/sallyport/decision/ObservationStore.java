package io.sallyport.decision;

import io.sallyport.policy.Question.RequestedFlow;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.UUID;

/** Where observations are added up, never on the way of an answer. */
interface ObservationStore {
  /** What one row is about. */
  record Key(String document, String profile, RequestedFlow flow) {}

  /**
   * What is to be added to it.
   *
   * @param devices the first of them began it, if it is new
   */
  record Seen(Key key, String reason, long uses, Instant first, Instant last, List<UUID> devices) {}

  /** Adds all of it, or throws and adds nothing. What there is no room for is counted as missed. */
  void add(Collection<Seen> seen, Collection<Observations.Missed> missed);
}
