package io.sallyport.policy;

import io.sallyport.policy.AccessPolicy.Effect;
import io.sallyport.policy.Verdict.AllowedFlow;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The policies that are about one kind of device, in order of name, ready for its questions. Safe for any thread. */
final class Selection {
  /** Of one permit: as many combinations of forbids that apply are remembered. */
  private static final int MOST_CUTS = 64;

  private final List<AccessPolicy> permits;
  private final List<AccessPolicy> forbids;
  private final FlowIndex allowed;
  private final FlowIndex denied;
  private final List<AccessPolicy> observing;
  private final FlowIndex observed;
  private final @Nullable AccessPolicy zone;
  private final Map<String, Forbidding> forbidding = new ConcurrentHashMap<>(0);

  Selection(List<AccessPolicy> policies) {
    this.permits = policies.stream().filter(AccessPolicy::permits).toList();
    this.forbids = policies.stream()
        .filter(policy -> policy.forbids() && !policy.observes())
        .toList();
    this.observing = policies.stream()
        .filter(policy -> policy.forbids() && policy.observes())
        .toList();
    this.zone = policies.stream()
        .filter(policy -> policy.effect() == Effect.WATCH)
        .findFirst()
        .orElse(null);
    this.allowed = new FlowIndex(permits);
    this.denied = new FlowIndex(forbids);
    this.observed = new FlowIndex(observing);
  }

  /**
   * What of a permit is left under the forbids that apply now.
   *
   * @param flows null when they are too many pieces
   * @param end until when that stands, or null
   * @param cut whether a forbid took something
   */
  record Left(@Nullable List<AllowedFlow> flows, @Nullable Instant end, boolean cut) {}

  /** The forbids that can take something from one permit, and what is left of it for those that do. */
  private record Forbidding(
      List<AccessPolicy> forbids, Map<BitSet, Optional<List<AllowedFlow>>> left) {}

  List<AccessPolicy> permits() {
    return permits;
  }

  /** Those that are enforced. */
  List<AccessPolicy> forbids() {
    return forbids;
  }

  /** The forbids that only observe. */
  List<AccessPolicy> observing() {
    return observing;
  }

  /** The first segment of the device that observes, or null. */
  @Nullable
  AccessPolicy zone() {
    return zone;
  }

  /** How many policies and rules this holds. */
  int size() {
    return permits.size()
        + forbids.size()
        + observing.size()
        + allowed.size()
        + denied.size()
        + observed.size();
  }

  FlowIndex allowed() {
    return allowed;
  }

  FlowIndex denied() {
    return denied;
  }

  /** The rules of the forbids that only observe. */
  FlowIndex observed() {
    return observed;
  }

  Left left(AccessPolicy permit, Attributes attributes) {
    Instant end = permit.earlier(null, attributes);
    List<AccessPolicy> meeting =
        forbids.isEmpty() ? forbids : forbidding(permit).forbids();
    if (meeting.isEmpty()) {
      return new Left(permit.flows(), end, false);
    }
    BitSet applying = new BitSet(meeting.size());
    for (int i = 0; i < meeting.size(); i++) {
      AccessPolicy forbid = meeting.get(i);
      Shortfall shortfall = forbid.shortfall(attributes);
      if (shortfall == null || shortfall.unknown()) {
        applying.set(i);
      } else {
        end = forbid.earlier(end, attributes);
      }
    }
    return new Left(flows(permit, applying), end, !applying.isEmpty());
  }

  /** What of the forbids applies now or may. */
  Forbidden forbidden(Attributes attributes) {
    Instant end = null;
    List<FlowRule> rules = new ArrayList<>();
    for (AccessPolicy forbid : forbids) {
      Shortfall shortfall = forbid.shortfall(attributes);
      if (shortfall == null || shortfall.unknown()) {
        rules.addAll(forbid.rules());
      }
      end = forbid.earlier(end, attributes);
    }
    return new Forbidden(rules, end);
  }

  /** Whether something of {@code permit} would be left if what could not be found out of the forbids were in its favor. */
  boolean hangsOnWhatIsUnknown(AccessPolicy permit, Attributes attributes) {
    List<AccessPolicy> meeting = forbidding(permit).forbids();
    BitSet known = new BitSet(meeting.size());
    for (int i = 0; i < meeting.size(); i++) {
      known.set(i, meeting.get(i).shortfall(attributes) == null);
    }
    List<AllowedFlow> flows = flows(permit, known);
    return flows == null || !flows.isEmpty();
  }

  private Forbidding forbidding(AccessPolicy permit) {
    return forbidding.computeIfAbsent(
        permit.name(),
        name -> new Forbidding(
            forbids.stream()
                .filter(forbid -> permit.rules().stream()
                    .anyMatch(rule -> forbid.rules().stream().anyMatch(rule::meets)))
                .toList(),
            new ConcurrentHashMap<>(0)));
  }

  private @Nullable List<AllowedFlow> flows(AccessPolicy permit, BitSet applying) {
    Forbidding known = forbidding(permit);
    Optional<List<AllowedFlow>> left = known.left().get(applying);
    if (left == null) {
      left = Optional.ofNullable(Subtraction.of(
          permit.rules(),
          applying.stream()
              .boxed()
              .flatMap(i -> known.forbids().get(i).rules().stream())
              .toList()));
      if (known.left().size() < MOST_CUTS) {
        known.left().put(applying, left);
      }
    }
    return left.orElse(null);
  }
}
