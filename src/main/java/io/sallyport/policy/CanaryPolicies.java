package io.sallyport.policy;

import io.sallyport.policy.Explanation.Unmet;
import io.sallyport.policy.Question.Subject;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Two sets at once: a share of the devices has the candidate until then, all others and everybody after that what is in
 * force. On which side a device is hangs on its id alone, so it is the same on every node and after a restart, and a larger
 * share holds every device of a smaller one.
 */
public final class CanaryPolicies implements PolicySet {
  private static final int PARTS = 10_000;

  private final long number;
  private final PolicySet base;
  private final PolicySet candidate;
  private final Share share;
  private final Instant until;

  public CanaryPolicies(
      long number, PolicySet base, PolicySet candidate, Share share, Instant until) {
    this.number = number;
    this.base = base;
    this.candidate = candidate;
    this.share = share;
    this.until = until;
  }

  /**
   * Which devices have the candidate.
   *
   * @param percent of those that are meant, 1 to 100
   * @param profile the only one that is meant, or null
   * @param site the only one that is meant, or null
   */
  public record Share(
      int percent, @Nullable String profile, @Nullable String site) {
    boolean has(Subject subject) {
      return (profile == null || profile.equals(subject.profile()))
          && (site == null || site.equals(subject.site()))
          && part(subject.id()) < percent * (PARTS / 100);
    }

    /** A device's place among {@link #PARTS}; what {@link String#hashCode} is, the language lays down. */
    private static int part(String device) {
      int mixed = device.hashCode();
      mixed = (mixed ^ mixed >>> 16) * 0x85ebca6b;
      mixed = (mixed ^ mixed >>> 13) * 0xc2b2ae35;
      return Integer.remainderUnsigned(mixed ^ mixed >>> 16, PARTS);
    }
  }

  public long number() {
    return number;
  }

  /** The hash of the set that is tried. */
  public String candidate() {
    return candidate.hash();
  }

  /** Whether this question is answered by the candidate. */
  public boolean tries(Question question) {
    return question.time().isBefore(until) && share.has(question.subject());
  }

  /** Whether it is over, so that nothing is tried any more. */
  public boolean isOver(Instant time) {
    return !time.isBefore(until);
  }

  /** What the other side would answer. */
  public Verdict other(Question question) {
    return (tries(question) ? base : candidate).evaluate(question);
  }

  @Override
  public Verdict evaluate(Question question) {
    if (!tries(question)) {
      return base.evaluate(question);
    }
    Verdict verdict = candidate.evaluate(question);
    if (!verdict.permit()) {
      return verdict;
    }
    // A loss of Sallyport keeps an essential flow beyond the end of what is tried.
    boolean lasts = verdict.essential() == null || base.evaluate(question).essential() != null;
    return (lasts ? verdict : verdict.inessential())
        .until(AccessPolicy.earlier(verdict.validUntil(), until));
  }

  @Override
  public Explanation explain(Question question) {
    return (tries(question) ? candidate : base).explain(question);
  }

  @Override
  public List<Unmet> unmet(Question question) {
    return (tries(question) ? candidate : base).unmet(question);
  }

  @Override
  public Forbidden forbidden(Question question) {
    return tries(question) ? candidate.forbidden(question).until(until) : base.forbidden(question);
  }

  /** Of what is in force: a candidate is not. */
  @Override
  public String hash() {
    return base.hash();
  }

  @Override
  public String state() {
    return base.hash() + candidate.hash() + share + until;
  }
}
