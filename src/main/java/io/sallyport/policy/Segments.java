package io.sallyport.policy;

import io.sallyport.kernel.Refusal;
import io.sallyport.policy.AccessPolicy.Effect;
import io.sallyport.policy.AccessPolicy.Selector;
import io.sallyport.policy.Segment.Peer;
import io.sallyport.policy.Terms.Waiver;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Puts into policies what the segments are that they name. */
final class Segments {
  /** Of one policy: enough for each of its rules to be about sixteen peers. */
  private static final int MOST_RULES = 4096;

  private final Map<String, Segment> segments = new HashMap<>();

  private Segments(Collection<? extends ReadDocument> documents) {
    for (ReadDocument document : documents) {
      if (document instanceof Segment segment) {
        segments.put(segment.name(), segment);
      }
    }
  }

  /**
   * The policies among {@code documents}, without any that can select nobody. Refuses with {@code invalid-policy} when one
   * names a segment that is not there: it may be a forbid.
   */
  static List<AccessPolicy> resolve(Collection<? extends ReadDocument> documents) {
    Segments all = new Segments(documents);
    List<AccessPolicy> policies = new ArrayList<>();
    for (ReadDocument document : documents) {
      if (document instanceof AccessPolicy policy) {
        all.resolve(policy).ifPresent(policies::add);
      } else if (document instanceof Segment segment) {
        watch(segment).ifPresent(policies::add);
      }
    }
    return policies;
  }

  private static Optional<AccessPolicy> watch(Segment segment) {
    return segment.observes() && segment.devices() != null
        ? Optional.of(new AccessPolicy(
            segment.name(),
            segment.hash(),
            Effect.WATCH,
            true,
            segment.devices(),
            List.of(),
            List.of(),
            List.of(),
            Observing.LONGEST,
            null,
            null,
            Terms.NONE,
            List.of()))
        : Optional.empty();
  }

  private Optional<AccessPolicy> resolve(AccessPolicy policy) {
    boolean named = policy.selector().segment() != null
        || policy.rules().stream().anyMatch(rule -> rule.segment() != null)
        || policy.terms().exceptions().stream()
            .anyMatch(waiver -> waiver.selector().segment() != null);
    if (!named) {
      return Optional.of(policy);
    }
    List<String> unmapped = new ArrayList<>();
    List<FlowRule> rules = policy.rules().stream()
        .flatMap(rule -> rules(rule, policy, unmapped).stream())
        .toList();
    if (rules.size() > MOST_RULES) {
      throw refusal(
          policy,
          "comes to " + rules.size() + " rules with the peers of its segments; at most "
              + MOST_RULES + " are allowed");
    }
    List<Waiver> waivers = new ArrayList<>();
    for (Waiver waiver : policy.terms().exceptions()) {
      selector(waiver.selector(), policy).map(waiver::with).ifPresent(waivers::add);
    }
    Terms terms = new Terms(policy.terms().windows(), waivers, policy.terms().breakGlass());
    return selector(policy.selector(), policy)
        .map(selector -> policy.with(selector, rules, terms, unmapped));
  }

  /** A permit of what nobody stands for permits nothing and says so; a forbid of it would let through what it is for. */
  private List<FlowRule> rules(FlowRule rule, AccessPolicy policy, List<String> unmapped) {
    if (rule.segment() == null) {
      return List.of(rule);
    }
    if (!MudPeers.isMarked(rule.segment())) {
      return rules(rule, policy, segment(rule.segment(), policy));
    }
    List<Segment> standing = peers(rule, segments);
    if (!standing.isEmpty()) {
      return standing.stream()
          .flatMap(segment -> rules(rule, policy, segment).stream())
          .toList();
    }
    String mud = MudPeers.of(rule.segment());
    String missing = rule.name() + " is about " + mud
        + ", which no segment stands for: write mud: [" + YamlReader.quoted(mud) + "] into one";
    if (policy.forbids()) {
      throw refusal(policy, "forbids nobody, as " + missing);
    }
    unmapped.add(missing);
    return List.of();
  }

  /** The segments that a rule is to, by name or as what a MUD file calls them, in order; none of those that are not there. */
  static List<Segment> peers(FlowRule rule, Map<String, Segment> segments) {
    String to = rule.segment();
    if (to == null) {
      return List.of();
    }
    return segments.values().stream()
        .filter(segment -> MudPeers.isMarked(to)
            ? segment.mud().contains(MudPeers.of(to))
            : segment.name().equals(to))
        .sorted(Comparator.comparing(Segment::name))
        .toList();
  }

  private static List<FlowRule> rules(FlowRule rule, AccessPolicy policy, Segment segment) {
    if (segment.peers().isEmpty()) {
      throw refusal(
          policy, "names the segment " + segment.name() + " as a peer, which has no peers");
    }
    List<FlowRule> rules = segment.peers().stream()
        .map(peer -> rule.to(peer, policy))
        .filter(each -> !each.ports().isEmpty())
        .toList();
    if (rules.isEmpty()) {
      throw refusal(
          policy,
          "wants in " + rule.name() + " types of ICMP that no peer of the segment " + segment.name()
              + " has: they are of the other version of IP");
    }
    return rules;
  }

  /** The same without a segment; empty when nobody can be both in the segment and what else is wanted. */
  private Optional<Selector> selector(Selector wanted, AccessPolicy policy) {
    if (wanted.segment() == null) {
      return Optional.of(wanted);
    }
    Segment segment = segment(wanted.segment(), policy);
    Selector devices = segment.devices();
    if (devices == null) {
      throw refusal(policy, "selects by the segment " + segment.name() + ", which has no devices");
    }
    Map<String, String> labels = new HashMap<>(devices.labels());
    labels.putAll(wanted.labels());
    boolean both = agree(wanted.profile(), devices.profile())
        && agree(wanted.manufacturer(), devices.manufacturer())
        && agree(wanted.model(), devices.model())
        && agree(wanted.site(), devices.site())
        && labels.entrySet().containsAll(devices.labels().entrySet());
    return both
        ? Optional.of(new Selector(
            either(wanted.profile(), devices.profile()),
            either(wanted.manufacturer(), devices.manufacturer()),
            either(wanted.model(), devices.model()),
            either(wanted.site(), devices.site()),
            labels,
            null))
        : Optional.empty();
  }

  private static boolean agree(@Nullable String one, @Nullable String other) {
    return one == null || other == null || Objects.equals(one, other);
  }

  private static @Nullable String either(@Nullable String one, @Nullable String other) {
    return one == null ? other : one;
  }

  private Segment segment(String name, AccessPolicy policy) {
    Segment segment = segments.get(name);
    if (segment == null) {
      throw refusal(
          policy,
          "names the segment " + YamlReader.quoted(name)
              + ", which no document describes; apply both together");
    }
    return segment;
  }

  private static Refusal refusal(AccessPolicy policy, String what) {
    return new Refusal(PolicyProblem.INVALID_POLICY, "policy " + policy.name() + " " + what);
  }

  /** Reads {@code spec} of a document of kind Segment. */
  static Segment read(String name, String hash, YamlValue spec) {
    spec.section("zone", "securityLevel", "mode", "devices", "mud", "peers");
    Selector devices = spec.find("devices").map(PolicyReader::selector).orElse(null);
    if (devices != null && devices.segment() != null) {
      throw spec.need("devices").fault("a segment is not described by another one");
    }
    List<Peer> peers = new ArrayList<>();
    spec.find("peers")
        .ifPresent(all ->
            all.items(FlowReader.MOST_FLOWS).forEach(peer -> peers.add(FlowReader.peer(peer))));
    List<String> mud = spec.find("mud")
        .map(
            all -> all.items(FlowReader.MOST_FLOWS).stream().map(MudPeers::read).toList())
        .orElse(List.of());
    if (!mud.isEmpty() && peers.isEmpty()) {
      throw spec.need("mud").fault("needs peers beside it: who that is here");
    }
    if (devices == null && peers.isEmpty()) {
      throw spec.fault("needs devices, peers or both");
    }
    boolean observes = PolicyReader.observes(spec);
    if (observes && devices == null) {
      throw spec.need("mode")
          .fault("observe is about the devices of a segment; say which they are in devices");
    }
    return new Segment(
        name,
        hash,
        spec.find("zone").map(zone -> zone.text(PolicyReader.MOST_TEXT)).orElse(null),
        spec.find("securityLevel").map(level -> level.number(0, 4)).orElse(null),
        observes,
        devices,
        mud,
        peers);
  }
}
