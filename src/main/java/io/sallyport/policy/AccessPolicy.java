package io.sallyport.policy;

import io.sallyport.policy.Question.Subject;
import io.sallyport.policy.Verdict.AllowedFlow;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A compiled AccessPolicy document. Immutable.
 *
 * @param hash SHA-256 in hex over the text
 * @param observes whether what this would deny is permitted and told instead
 * @param requirements least posture, in the document's order; none in a forbid
 * @param conditions all must be true
 * @param rules what it permits or forbids, in the document's order
 * @param network how an access network attaches the device, or null
 * @param quarantineVlan 1 to 4094, or null
 * @param unmapped which rules are about nobody, because no segment stands for what a MUD file names, in words
 * @param flows what {@code rules} are about, each once
 * @param restsOnPosture whether what this policy says stands on the device's posture
 * @param restsOnSignals whether what this policy says stands on what is reported of the device
 * @param restsOnTime whether what this policy says stands on the time
 */
record AccessPolicy(
    String name,
    String hash,
    Effect effect,
    boolean observes,
    Selector selector,
    List<PostureRequirement> requirements,
    List<Condition> conditions,
    List<FlowRule> rules,
    Duration ttl,
    Verdict.@Nullable Network network,
    @Nullable Integer quarantineVlan,
    Terms terms,
    List<String> unmapped,
    List<AllowedFlow> flows,
    boolean restsOnPosture,
    boolean restsOnSignals,
    boolean restsOnTime)
    implements ReadDocument {
  AccessPolicy {
    requirements = List.copyOf(requirements);
    conditions = List.copyOf(conditions);
    rules = List.copyOf(rules);
    unmapped = List.copyOf(unmapped);
    flows = List.copyOf(flows);
  }

  AccessPolicy(
      String name,
      String hash,
      Effect effect,
      boolean observes,
      Selector selector,
      List<PostureRequirement> requirements,
      List<Condition> conditions,
      List<FlowRule> rules,
      Duration ttl,
      Verdict.@Nullable Network network,
      @Nullable Integer quarantineVlan,
      Terms terms,
      List<String> unmapped) {
    this(
        name,
        hash,
        effect,
        observes,
        selector,
        requirements,
        conditions,
        rules,
        ttl,
        network,
        quarantineVlan,
        terms,
        unmapped,
        rules.stream().map(FlowRule::flow).distinct().toList(),
        !requirements.isEmpty() || conditions.stream().anyMatch(Condition::looksAtPosture),
        conditions.stream().anyMatch(Condition::looksAtSignals),
        terms.isTimed() || conditions.stream().anyMatch(Condition::looksAtTime));
  }

  /** What the rules of a document do. */
  enum Effect {
    PERMIT,
    FORBID,
    /** A segment that observes: it has no rules, and what no permit lets its devices do is observed. */
    WATCH
  }

  /**
   * Which devices a policy is about; null and empty select all.
   *
   * @param segment by name until {@link Segments} resolves it, then null
   */
  record Selector(
      @Nullable String profile,
      @Nullable String manufacturer,
      @Nullable String model,
      @Nullable String site,
      Map<String, String> labels,
      @Nullable String segment) {
    static final Selector ALL = new Selector(null, null, null, null, Map.of(), null);

    Selector {
      labels = Map.copyOf(labels);
    }

    boolean fits(Subject subject) {
      return is(profile, subject.profile())
          && is(manufacturer, subject.manufacturer())
          && is(model, subject.model())
          && is(site, subject.site())
          && hasLabels(subject.labels());
    }

    private static boolean is(@Nullable String wanted, String is) {
      return wanted == null || wanted.equals(is);
    }

    private boolean hasLabels(Map<String, String> given) {
      for (Map.Entry<String, String> wanted : labels.entrySet()) {
        if (!wanted.getValue().equals(given.get(wanted.getKey()))) {
          return false;
        }
      }
      return true;
    }
  }

  /** The same about other devices, by other rules. */
  AccessPolicy with(
      Selector other, List<FlowRule> otherRules, Terms otherTerms, List<String> otherUnmapped) {
    return new AccessPolicy(
        name,
        hash,
        effect,
        observes,
        other,
        requirements,
        conditions,
        otherRules,
        ttl,
        network,
        quarantineVlan,
        otherTerms,
        otherUnmapped);
  }

  boolean forbids() {
    return effect == Effect.FORBID;
  }

  boolean permits() {
    return effect == Effect.PERMIT;
  }

  /** Whether this lets a device through whatever it wants of posture and conditions; it keeps its times. */
  boolean isLenient(Attributes attributes) {
    return observes
        && !attributes.quarantined()
        && (!terms.isTimed() || terms.shortfall(attributes.time()) == null);
  }

  /** Whether this policy is about {@code subject}; what a profile lets apply bounds permits alone. */
  boolean selects(Subject subject) {
    return (!permits() || subject.policies() == null || subject.policies().contains(name))
        && selector.fits(subject);
  }

  /**
   * What keeps this policy from applying, or null when it applies. What is known to be missing comes before what could not
   * be found out, as {@code false && error} is false in CEL.
   */
  @Nullable
  Shortfall shortfall(Attributes attributes) {
    Terms.Waiver waiver = null;
    if (terms.isTimed()) {
      Shortfall untimely = terms.shortfall(attributes.time());
      if (untimely != null) {
        return untimely;
      }
      waiver = terms.waiver(attributes);
      if (waiver != null && forbids()) {
        return new Shortfall(false, waiver.words());
      }
    }
    if (waiver == null || !waiver.posture()) {
      Shortfall posture = missing(attributes);
      if (posture != null) {
        return posture;
      }
    }
    return waiver == null || !waiver.conditions() ? unfulfilled(attributes) : null;
  }

  private @Nullable Shortfall missing(Attributes attributes) {
    Question.Posture posture = attributes.posture();
    for (PostureRequirement requirement : requirements) {
      String words = posture == null
          ? requirement.claim() + " must be " + requirement.words() + ", but "
              + attributes.postureMissing()
          : requirement.shortfall(posture.claims().get(requirement.claim()));
      if (words != null) {
        return new Shortfall(false, words);
      }
    }
    return null;
  }

  private @Nullable Shortfall unfulfilled(Attributes attributes) {
    Shortfall unknown = null;
    for (Condition condition : conditions) {
      Shortfall shortfall = condition.shortfall(attributes);
      if (shortfall != null && !shortfall.unknown()) {
        return shortfall;
      }
      unknown = unknown == null ? shortfall : unknown;
    }
    return unknown;
  }

  /** The first moment from which on this may say something else without the fleet having changed, or {@code end}. */
  @Nullable
  Instant earlier(@Nullable Instant end, Attributes attributes) {
    Instant earliest = end;
    Question.Posture posture = attributes.posture();
    if (restsOnPosture && posture != null) {
      earliest = earlier(earliest, posture.expiresAt());
    }
    if (restsOnSignals) {
      for (Question.Signalled signal : attributes.signals()) {
        earliest = earlier(earliest, signal.until());
      }
    }
    if (restsOnTime) {
      earliest = terms.earlier(earliest, attributes);
      for (Condition condition : conditions) {
        earliest = earlier(earliest, condition.end(attributes.time()));
      }
    }
    return earliest;
  }

  static @Nullable Instant earlier(@Nullable Instant one, @Nullable Instant other) {
    return one == null || (other != null && other.isBefore(one)) ? other : one;
  }
}
