package io.sallyport.policy;

import io.sallyport.kernel.Digest;
import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.sallyport.policy.Verdict.Network;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The evaluator. Policies only ever permit, so they are independent of each other: the first in order of name that selects
 * the device, lets its posture and the conditions pass and allows the flow decides. Looks only at the policies of the
 * device's profile and those for any profile. Immutable.
 */
final class CompiledPolicySet implements PolicySet {
  /** Enough for a person; a fleet-wide question must not make an answer of megabytes. */
  private static final int MOST_REASONS = 20;

  private final String hash;
  private final List<AccessPolicy> anyProfile;
  private final Map<String, List<AccessPolicy>> byProfile;

  CompiledPolicySet(Collection<AccessPolicy> policies) {
    TreeMap<String, AccessPolicy> byName = new TreeMap<>();
    for (AccessPolicy policy : policies) {
      AccessPolicy other = byName.putIfAbsent(policy.name(), policy);
      if (other != null && !other.hash().equals(policy.hash())) {
        throw new IllegalArgumentException("two different policies have the name " + policy.name());
      }
    }
    StringBuilder versions = new StringBuilder();
    Set<String> profiles = new LinkedHashSet<>();
    for (AccessPolicy policy : byName.values()) {
      versions.append(policy.name()).append(' ').append(policy.hash()).append('\n');
      if (policy.selector().profile() != null) {
        profiles.add(policy.selector().profile());
      }
    }
    this.hash = Digest.of(versions.toString().getBytes(StandardCharsets.UTF_8)).hex();
    this.anyProfile = byName.values().stream()
        .filter(policy -> policy.selector().profile() == null)
        .toList();
    Map<String, List<AccessPolicy>> index = new HashMap<>();
    for (String profile : profiles) {
      index.put(
          profile,
          byName.values().stream().filter(policy -> isFor(policy, profile)).toList());
    }
    this.byProfile = Map.copyOf(index);
  }

  @Override
  public Verdict evaluate(Question question) {
    List<AccessPolicy> candidates =
        byProfile.getOrDefault(question.subject().profile(), anyProfile);
    RequestedFlow flow = question.flow();
    return flow == null ? everything(question, candidates) : one(question, flow, candidates);
  }

  @Override
  public String hash() {
    return hash;
  }

  private static boolean isFor(AccessPolicy policy, String profile) {
    return policy.selector().profile() == null || policy.selector().profile().equals(profile);
  }

  /** Looks for a permit before anything else, so that a permit costs the conditions of one policy. */
  private Verdict one(Question question, RequestedFlow flow, List<AccessPolicy> candidates) {
    Attributes attributes = new Attributes(question);
    IpPrefix address = IpPrefix.parseAddress(flow.peer());
    Denial denial = new Denial();
    for (AccessPolicy policy : candidates) {
      FlowRule rule = policy.selects(question.subject()) ? rule(policy, flow, address) : null;
      if (rule != null) {
        String shortfall = shortfall(policy, attributes);
        if (shortfall == null) {
          return permitted(policy, rule, flow, attributes);
        }
        denial.shortfalls.put(policy, shortfall);
      }
    }
    for (AccessPolicy policy : candidates) {
      if (policy.selects(question.subject())) {
        String known = denial.shortfalls.get(policy);
        String shortfall = known != null ? known : shortfall(policy, attributes);
        denial.add(
            policy,
            shortfall,
            shortfall != null ? shortfall : words(flow) + " is not among what it allows");
      }
    }
    return denial.verdict(question);
  }

  private Verdict everything(Question question, List<AccessPolicy> candidates) {
    Attributes attributes = new Attributes(question);
    Denial denial = new Denial();
    List<AccessPolicy> permitting = new ArrayList<>();
    for (AccessPolicy policy : candidates) {
      if (policy.selects(question.subject())) {
        String shortfall = shortfall(policy, attributes);
        if (shortfall == null) {
          permitting.add(policy);
        } else {
          denial.add(policy, shortfall, shortfall);
        }
      }
    }
    return permitting.isEmpty() ? denial.verdict(question) : permitted(permitting, attributes);
  }

  private static @Nullable FlowRule rule(
      AccessPolicy policy, RequestedFlow flow, @Nullable IpPrefix address) {
    for (FlowRule rule : policy.rules()) {
      if (rule.allows(flow, address)) {
        return rule;
      }
    }
    return null;
  }

  /** The first thing that keeps {@code policy} from letting the device through, in words, or null when it does. */
  private static @Nullable String shortfall(AccessPolicy policy, Attributes attributes) {
    if (attributes.quarantined()) {
      return "the device is quarantined";
    }
    Posture posture = attributes.posture();
    for (PostureRequirement requirement : policy.requirements()) {
      String shortfall = posture == null
          ? requirement.claim() + " must be " + requirement.words() + ", but "
              + attributes.postureMissing()
          : requirement.shortfall(posture.claims().get(requirement.claim()));
      if (shortfall != null) {
        return shortfall;
      }
    }
    for (Condition condition : policy.conditions()) {
      String shortfall = condition.shortfall(attributes);
      if (shortfall != null) {
        return shortfall;
      }
    }
    return null;
  }

  private Verdict permitted(
      AccessPolicy policy, FlowRule rule, RequestedFlow flow, Attributes attributes) {
    return new Verdict(
        true,
        List.of(
            "policy " + policy.name() + ": allows " + words(flow) + " by " + words(rule.flow())),
        policy.name(),
        hash,
        policy.flows(),
        policy.ttl(),
        end(policy.restsOnPosture(), attributes),
        rule.essential(),
        null,
        policy.network());
  }

  private Verdict permitted(List<AccessPolicy> policies, Attributes attributes) {
    List<String> reasons = new ArrayList<>();
    Set<AllowedFlow> flows = new LinkedHashSet<>();
    Duration ttl = policies.getFirst().ttl();
    boolean restsOnPosture = false;
    Network network = null;
    for (AccessPolicy policy : policies) {
      reasons.add("policy " + policy.name() + ": lets the device through");
      flows.addAll(policy.flows());
      ttl = policy.ttl().compareTo(ttl) < 0 ? policy.ttl() : ttl;
      restsOnPosture |= policy.restsOnPosture();
      // Whole from one policy: a VLAN of one with the filter of another is what nobody wrote.
      network = network == null ? policy.network() : network;
    }
    return new Verdict(
        true,
        bounded(reasons),
        policies.getFirst().name(),
        hash,
        List.copyOf(flows),
        ttl,
        end(restsOnPosture, attributes),
        null,
        null,
        network);
  }

  private static @Nullable Instant end(boolean restsOnPosture, Attributes attributes) {
    Posture posture = attributes.posture();
    return restsOnPosture && posture != null ? posture.expiresAt() : null;
  }

  private static String words(RequestedFlow flow) {
    String port = flow.port() == 0 ? "" : " port " + flow.port();
    return printable(flow.protocol()) + " to " + printable(flow.peer()) + port;
  }

  private static String words(AllowedFlow flow) {
    return flow.protocol() + " " + flow.peer()
        + (flow.ports().isEmpty() ? "" : " " + String.join(",", flow.ports()));
  }

  /** What a caller wrote, bounded and without control characters. */
  private static String printable(String asked) {
    String shown = asked.length() > 100 ? asked.substring(0, 100) + "…" : asked;
    return shown.chars().anyMatch(Character::isISOControl)
        ? shown.replaceAll("\\p{Cntrl}", "\uFFFD")
        : shown;
  }

  private static List<String> bounded(List<String> reasons) {
    if (reasons.size() <= MOST_REASONS) {
      return reasons;
    }
    List<String> shown = new ArrayList<>(reasons.subList(0, MOST_REASONS));
    shown.add("and " + (reasons.size() - MOST_REASONS) + " more policies");
    return shown;
  }

  /** Why not, gathered over the policies that select the device. */
  private final class Denial {
    private final Map<AccessPolicy, String> shortfalls = new java.util.IdentityHashMap<>(0);
    private final List<String> reasons = new ArrayList<>(0);
    private @Nullable String first;
    private @Nullable Integer quarantineVlan;

    void add(AccessPolicy policy, @Nullable String shortfall, String reason) {
      reasons.add("policy " + policy.name() + ": " + reason);
      if (first == null) {
        first = policy.name();
      }
      if (shortfall != null && quarantineVlan == null) {
        quarantineVlan = policy.quarantineVlan();
      }
    }

    Verdict verdict(Question question) {
      if (reasons.isEmpty()) {
        String profile = printable(question.subject().profile());
        reasons.add("no policy selects this device of profile " + profile
            + "; what is not allowed is denied");
      }
      return new Verdict(
          false, bounded(reasons), first, hash, List.of(), null, null, null, quarantineVlan, null);
    }
  }
}
