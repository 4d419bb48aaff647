package io.sallyport.policy;

import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.AccessPolicy.Selector;
import io.sallyport.policy.PolicyVersions.Analysis;
import io.sallyport.policy.PolicyVersions.Conduit;
import io.sallyport.policy.PolicyVersions.Finding;
import io.sallyport.policy.PolicyVersions.Finding.Kind;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Looks for what policies say in vain. What it finds is so for every device, posture and time, and without all of it the same
 * is permitted; what it cannot be sure of it does not say.
 */
final class PolicyAnalysis {
  /** Pieces that one forbidden prefix can make of another at most. */
  private static final int MOST_SPLIT = 128;

  private final List<ReadDocument> documents;
  private final List<AccessPolicy> policies;
  private final Collection<Set<String>> bounds;
  private final List<AccessPolicy> alwaysForbid;
  private final Map<String, List<Place>> byPeer = new HashMap<>();
  private final TreeSet<Integer> lengths = new TreeSet<>();

  /**
   * @param documents those in force; refuses with {@code invalid-policy} when one names a segment that is not there
   * @param bounds for each device profile that names the only policies that permit, these
   */
  PolicyAnalysis(Collection<? extends ReadDocument> documents, Collection<Set<String>> bounds) {
    this.documents = documents.stream()
        .sorted(Comparator.comparing(ReadDocument::name))
        .map(ReadDocument.class::cast)
        .toList();
    this.policies = Segments.resolve(this.documents);
    this.bounds = List.copyOf(bounds);
    this.alwaysForbid = policies.stream()
        .filter(policy -> policy.forbids()
            && !policy.observes()
            && policy.conditions().isEmpty()
            && !policy.terms().isTimed())
        .toList();
    int order = 0;
    for (AccessPolicy policy : policies) {
      if (policy.observes()) {
        continue; // It does more than it lists, or nothing yet, and not for long.
      }
      for (FlowRule rule : policy.rules()) {
        byPeer
            .computeIfAbsent(key(rule, rule.prefix()), key -> new ArrayList<>(1))
            .add(new Place(order++, policy, rule));
        if (rule.prefix() != null) {
          lengths.add(rule.prefix().length());
        }
      }
    }
  }

  /** A rule, or one of its parts when its peer is a segment. */
  private record Place(int order, AccessPolicy policy, FlowRule rule) {}

  Analysis analysis() {
    List<Finding> findings = new ArrayList<>();
    Set<String> selecting = policies.stream().map(AccessPolicy::name).collect(Collectors.toSet());
    for (ReadDocument document : documents) {
      if (document instanceof AccessPolicy policy && !selecting.contains(policy.name())) {
        findings.add(
            new Finding(
                Kind.SELECTS_NOBODY,
                policy.name(),
                null,
                List.of(),
                "policy " + policy.name()
                    + " selects no device: its selector and the devices of its segment exclude each other"));
      }
    }
    for (AccessPolicy policy : policies) {
      parts(policy).forEach((name, parts) -> {
        Finding finding = finding(policy, name, parts);
        if (finding != null) {
          findings.add(finding);
        }
      });
    }
    return new Analysis(new CompiledPolicySet(documents).hash(), findings, conduits());
  }

  /** The parts of each rule by its name. */
  private Map<String, List<Place>> parts(AccessPolicy policy) {
    Map<String, List<Place>> parts = new LinkedHashMap<>();
    for (FlowRule rule : policy.rules()) {
      for (Place place : byPeer.getOrDefault(key(rule, rule.prefix()), List.of())) {
        if (place.rule() == rule) {
          parts.computeIfAbsent(rule.name(), name -> new ArrayList<>(1)).add(place);
        }
      }
    }
    return parts;
  }

  private @Nullable Finding finding(AccessPolicy policy, String rule, List<Place> parts) {
    Set<String> by = new LinkedHashSet<>();
    if (!policy.forbids() && parts.stream().allMatch(part -> isForbidden(part, by))) {
      return new Finding(
          Kind.FORBIDDEN,
          policy.name(),
          rule,
          List.copyOf(by),
          words(policy, rule) + " permits nothing: what it allows is always forbidden by "
              + String.join(", ", by));
    }
    by.clear();
    if (parts.stream().allMatch(part -> isCovered(part, by))) {
      return new Finding(
          Kind.COVERED,
          policy.name(),
          rule,
          List.copyOf(by),
          words(policy, rule)
              + (policy.forbids()
                  ? " forbids nothing that is not forbidden by "
                  : " permits nothing that is not permitted, to the same devices at the same times, by ")
              + String.join(", ", by));
    }
    return null;
  }

  private static String words(AccessPolicy policy, String rule) {
    return "policy " + policy.name() + ": " + rule;
  }

  private boolean isForbidden(Place part, Set<String> by) {
    List<FlowRule> taken = new ArrayList<>();
    Set<String> names = new LinkedHashSet<>();
    for (AccessPolicy forbid : alwaysForbid) {
      if (isWider(forbid.selector(), part.policy().selector())) {
        for (FlowRule rule : forbid.rules()) {
          if (part.rule().meets(rule)) {
            taken.add(rule);
            names.add(words(forbid, rule.name()));
          }
        }
      }
    }
    List<?> left = taken.isEmpty() ? null : Subtraction.of(List.of(part.rule()), taken);
    if (left == null || !left.isEmpty()) {
      return false;
    }
    by.addAll(names);
    return true;
  }

  private boolean isCovered(Place part, Set<String> by) {
    if (part.rule().essential() != null) {
      return false; // It does what no other rule does, when Sallyport is lost.
    }
    for (Place other : wider(part.rule())) {
      if (covers(other, part) && !(covers(part, other) && part.order() < other.order())) {
        if (other.policy() != part.policy()
            || !other.rule().name().equals(part.rule().name())) {
          by.add(words(other.policy(), other.rule().name()));
        }
        return true;
      }
    }
    return false;
  }

  /** Rules whose peer is that of {@code rule} or a network around it. */
  private List<Place> wider(FlowRule rule) {
    IpPrefix prefix = rule.prefix();
    if (prefix == null) {
      return byPeer.getOrDefault(key(rule, null), List.of());
    }
    List<Place> wider = new ArrayList<>();
    for (int length : lengths.headSet(prefix.length(), true)) {
      byPeer.getOrDefault(key(rule, Prefixes.around(prefix, length)), List.of()).stream()
          .filter(
              place -> place.rule().prefix() != null && place.rule().prefix().covers(prefix))
          .forEach(wider::add);
    }
    return wider;
  }

  private static String key(FlowRule rule, @Nullable IpPrefix prefix) {
    return rule.flow().protocol() + " " + rule.flow().direction() + " "
        + (prefix == null ? rule.flow().peer() : prefix.toString());
  }

  private boolean covers(Place wide, Place part) {
    return wide.rule() != part.rule()
        && wide.policy().effect() == part.policy().effect()
        && Ports.minus(part.rule().ports(), wide.rule().ports()).isEmpty()
        && (wide.policy() == part.policy() || always(wide.policy(), part.policy()));
  }

  /** Whether {@code wide} applies to every device and at every time at which {@code policy} does. */
  private boolean always(AccessPolicy wide, AccessPolicy policy) {
    Terms terms = wide.terms();
    boolean waived =
        policy.terms().exceptions().stream().anyMatch(w -> w.posture() || w.conditions());
    return isWider(wide.selector(), policy.selector())
        && terms.windows().isEmpty()
        && terms.breakGlass() == null
        && (wide.forbids() ? terms.exceptions().isEmpty() : isLetBeside(wide, policy))
        && (waived
            ? wide.requirements().isEmpty() && wide.conditions().isEmpty()
            : wide.conditions().stream()
                    .allMatch(one -> policy.conditions().stream().anyMatch(one::says))
                && wide.requirements().stream()
                    .allMatch(least ->
                        policy.requirements().stream().anyMatch(more -> isStronger(more, least))));
  }

  /** No device profile lets {@code policy} permit and {@code wide} not, and what is forbidden never cuts that too fine. */
  private boolean isLetBeside(AccessPolicy wide, AccessPolicy policy) {
    return bounds.stream()
            .allMatch(only -> !only.contains(policy.name()) || only.contains(wide.name()))
        && isLeft(wide);
  }

  private boolean isLeft(AccessPolicy permit) {
    long pieces = permit.rules().size();
    for (AccessPolicy forbid : policies) {
      for (FlowRule taken : forbid.forbids() ? forbid.rules() : List.<FlowRule>of()) {
        pieces +=
            (long) MOST_SPLIT * permit.rules().stream().filter(taken::meets).count();
      }
      if (pieces > Subtraction.MOST_PIECES) {
        return false;
      }
    }
    return true;
  }

  private static boolean isStronger(PostureRequirement more, PostureRequirement least) {
    return more.claim().equals(least.claim())
        && PostureRequirement.TIERS.indexOf(more.tier())
            >= PostureRequirement.TIERS.indexOf(least.tier())
        && PostureRequirement.ASSURANCES.indexOf(more.assurance())
            >= PostureRequirement.ASSURANCES.indexOf(least.assurance());
  }

  /** Whether all that {@code narrow} selects is selected by {@code wide}. */
  private static boolean isWider(Selector wide, Selector narrow) {
    return isWider(wide.profile(), narrow.profile())
        && isWider(wide.manufacturer(), narrow.manufacturer())
        && isWider(wide.model(), narrow.model())
        && isWider(wide.site(), narrow.site())
        && narrow.labels().entrySet().containsAll(wide.labels().entrySet());
  }

  private static boolean isWider(@Nullable String wide, @Nullable String narrow) {
    return wide == null || wide.equals(narrow);
  }

  /** What runs between segments of different security levels (IEC 62443-3-2), as the documents have it. */
  private List<Conduit> conduits() {
    Map<String, Segment> segments = new TreeMap<>();
    documents.forEach(document -> {
      if (document instanceof Segment segment) {
        segments.put(segment.name(), segment);
      }
    });
    List<Conduit> conduits = new ArrayList<>();
    for (ReadDocument document : documents) {
      if (document instanceof AccessPolicy policy
          && !policy.forbids()
          && policy.selector().segment() != null) {
        Segment own = Objects.requireNonNull(segments.get(policy.selector().segment()));
        for (FlowRule rule : policy.rules()) {
          for (Segment peer : Segments.peers(rule, segments)) {
            if (!Objects.equals(own.securityLevel(), peer.securityLevel())) {
              conduits.add(new Conduit(
                  policy.name(),
                  rule.name(),
                  rule.flow().direction(),
                  own.name(),
                  own.securityLevel(),
                  peer.name(),
                  peer.securityLevel()));
            }
          }
        }
      }
    }
    return conduits;
  }
}
