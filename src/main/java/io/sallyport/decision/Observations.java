package io.sallyport.decision;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Page;
import io.sallyport.policy.Question.RequestedFlow;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What documents in observe mode let be, added up over devices of a profile. The fact {@code observations.forgotten} is about
 * subject type {@code observations} and the document.
 */
public interface Observations {
  /** The most that are kept; of one document at most as many as are left over, so that others have room beside a busy one. */
  int MOST = 10_000;

  /** Of those the most that one device began, so that one that tries every port leaves room for others. */
  int MOST_OF_DEVICE = 256;

  /** The most devices of one observation that are told apart. */
  int MOST_DEVICES = 100;

  /**
   * A flow that was let be.
   *
   * @param document the policy or segment that observes
   * @param reason why the newest of them would have been denied
   * @param flow an address in one spelling, a name in lower case
   * @param uses decisions that let it be
   * @param devices how many, at most {@link #MOST_DEVICES}
   */
  record Observation(
      UUID id,
      String document,
      String profile,
      String reason,
      RequestedFlow flow,
      long uses,
      int devices,
      Instant first,
      Instant last) {}

  /** Decisions of a document that are in no observation, because there was no room. */
  record Missed(String document, long uses, Instant last) {
    /** The same document, both together. */
    Missed plus(Missed other) {
      return new Missed(document, uses + other.uses, last.isAfter(other.last) ? last : other.last);
    }
  }

  /** Oldest first; {@code null} for every document and every profile. */
  Page<Observation> list(
      @Nullable String document, @Nullable String profile, @Nullable String cursor, int limit);

  /** All of a document and a profile, oldest first. */
  List<Observation> all(String document, String profile);

  /** In order of document. */
  List<Missed> missed();

  /** Forgets what was seen for a document, which makes room; answers how many observations there were. */
  int forget(String document, Actor actor);
}
