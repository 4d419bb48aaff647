package io.sallyport.policy;

import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.Evaluation.Bite;
import io.sallyport.policy.FlowIndex.Entry;
import io.sallyport.policy.FlowRule.PortRange;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.sallyport.policy.Verdict.Effect;
import io.sallyport.policy.Verdict.Observed;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What documents in observe mode let be (ADR 32). Asked when nothing that is enforced forbids: an observed permit is for the
 * asked flow alone, for a minute, and never for a quarantined device. For one thread.
 */
final class Observing {
  /** So that enforcing takes hold of whoever was let be soon after. */
  static final Duration LONGEST = Duration.ofMinutes(1);

  private static final List<String> WITH_PORTS = List.of("tcp", "udp");

  private final String hash;
  private final Selection selection;
  private final Question question;
  private final Attributes attributes;

  Observing(String hash, Selection selection, Question question, Attributes attributes) {
    this.hash = hash;
    this.selection = selection;
    this.question = question;
    this.attributes = attributes;
  }

  static Duration atMost(Duration ttl) {
    return ttl.compareTo(LONGEST) < 0 ? ttl : LONGEST;
  }

  /**
   * The answer about a flow that no permit lets be and no forbid meets; null when nothing that observes is about it.
   *
   * @param lenient the first rule about it of a policy that observes and whose terms are not met, or null
   */
  @Nullable
  Verdict one(RequestedFlow flow, @Nullable IpPrefix address, @Nullable Entry lenient) {
    AccessPolicy zone = selection.zone();
    boolean watched = zone != null && !attributes.quarantined() && isWritable(flow, address);
    if (lenient == null && !watched) {
      return null;
    }
    List<Observed> observed = new ArrayList<>();
    AccessPolicy by = lenient == null ? Objects.requireNonNull(zone) : lenient.policy();
    if (lenient == null) {
      observed.addAll(denied(by, false));
    } else {
      observed.add(unmet(by));
    }
    observed.addAll(forbidden(flow, address));
    Instant end = by.terms().isTimed() ? by.terms().earlier(soon(), attributes) : soon();
    for (Entry entry : selection.denied().find(flow, address)) {
      if (entry.rule().meetsPort(flow.port())) {
        end = entry.policy().earlier(end, attributes);
      }
    }
    return new Verdict(
        Effect.PERMIT,
        lenient == null
            ? List.of("segment " + by.name() + ": observes " + Denial.words(flow)
                + ", which would be denied")
            : List.of(
                lenient.rule().reasons().getFirst(),
                "only observed: " + observed.getFirst().reason()),
        by.name(),
        lenient == null ? null : lenient.rule().name(),
        hash,
        List.of(asked(flow, address)),
        atMost(by.ttl()),
        end,
        null,
        null,
        by.network(),
        observed);
  }

  /** Those that would deny {@code flow} if they were enforced. */
  List<Observed> forbidden(RequestedFlow flow, @Nullable IpPrefix address) {
    if (selection.observing().isEmpty()) {
      return List.of();
    }
    Bite bite = Bite.of(selection.observed(), flow, address, attributes);
    return bite == null
        ? List.of()
        : List.of(new Observed(bite.entry().policy().name(), bite.reasons().getFirst(), false));
  }

  /** Permits that are not among {@code through} and let the device through because they observe. */
  List<AccessPolicy> lenient(List<AccessPolicy> through) {
    return selection.permits().stream()
        .filter(policy -> policy.isLenient(attributes) && !through.contains(policy))
        .toList();
  }

  /** What is to be told with all that {@code through} permit, of which {@code lenient} do so because they observe. */
  List<Observed> everything(List<AccessPolicy> through, List<AccessPolicy> lenient) {
    List<Observed> observed = new ArrayList<>();
    AccessPolicy zone = selection.zone();
    if (zone != null) {
      observed.add(new Observed(
          zone.name(),
          "segment " + zone.name()
              + ": observes, so what no rule permits is permitted and recorded",
          true));
    }
    lenient.forEach(policy -> observed.add(unmet(policy)));
    for (AccessPolicy forbid : selection.observing()) {
      Shortfall shortfall = forbid.shortfall(attributes);
      if ((shortfall == null || shortfall.unknown()) && meets(forbid, through)) {
        observed.add(new Observed(
            forbid.name(),
            "policy " + forbid.name() + ": forbids a part of what is permitted",
            false));
      }
    }
    return observed;
  }

  /** Lets a device into the network that no permit lets through, with nothing that it may open unasked; or null. */
  @Nullable
  Verdict admitted() {
    AccessPolicy zone = selection.zone();
    if (zone == null || attributes.quarantined()) {
      return null;
    }
    AccessPolicy attaching = selection.permits().stream()
        .filter(permit -> permit.network() != null)
        .filter(permit ->
            !permit.terms().isTimed() || permit.terms().shortfall(attributes.time()) == null)
        .findFirst()
        .orElse(null);
    return new Verdict(
        Effect.PERMIT,
        List.of("segment " + zone.name() + ": observes a device that would not be let through"),
        zone.name(),
        null,
        hash,
        List.of(),
        LONGEST,
        attaching != null && attaching.terms().isTimed()
            ? attaching.terms().earlier(null, attributes)
            : null,
        null,
        null,
        attaching == null ? null : attaching.network(),
        denied(zone, true));
  }

  private List<Observed> denied(AccessPolicy zone, boolean open) {
    return new Denial(hash, selection, attributes)
        .verdict(Effect.DENY, question, null).reasons().stream()
            .map(reason -> new Observed(zone.name(), reason, open))
            .toList();
  }

  private Observed unmet(AccessPolicy policy) {
    Shortfall shortfall = policy.shortfall(attributes);
    return new Observed(
        policy.name(),
        "policy " + policy.name() + ": " + (shortfall == null ? "would deny" : shortfall.words()),
        false);
  }

  private static boolean meets(AccessPolicy forbid, List<AccessPolicy> permits) {
    return permits.stream()
        .flatMap(permit -> permit.rules().stream())
        .anyMatch(rule -> forbid.rules().stream().anyMatch(rule::meets));
  }

  private Instant soon() {
    Instant now = question.time();
    return now.isAfter(Instant.MAX.minus(LONGEST)) ? now : now.plus(LONGEST);
  }

  /** Whether a rule can be written about it: what cannot be proposed is denied as ever. */
  private static boolean isWritable(RequestedFlow flow, @Nullable IpPrefix address) {
    return (WITH_PORTS.contains(flow.protocol())
            ? flow.port() >= 1 && flow.port() <= 65_535
            : flow.protocol().equals(FlowRule.ICMP) && !ports(flow, address).isEmpty())
        && (address != null || FlowReader.isDnsName(FlowRule.lower(flow.peer())));
  }

  /** The asked flow and nothing else, as a rule would have it. */
  static AllowedFlow asked(RequestedFlow flow, @Nullable IpPrefix address) {
    return FlowRule.flow(
        address == null ? FlowRule.lower(flow.peer()) : Prefixes.text(address),
        flow.protocol(),
        ports(flow, address),
        flow.direction(),
        address);
  }

  /** Of icmp the types, none when there is no such type between the device and the peer. */
  private static List<PortRange> ports(RequestedFlow flow, @Nullable IpPrefix address) {
    List<PortRange> one = List.of(new PortRange(flow.port(), flow.port()));
    if (!flow.protocol().equals(FlowRule.ICMP)) {
      return one;
    }
    List<PortRange> all = IcmpTypes.all(address);
    return flow.port() == 0 ? all : Ports.meet(all, one) ? one : List.of();
  }
}
