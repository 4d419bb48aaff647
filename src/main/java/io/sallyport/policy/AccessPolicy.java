package io.sallyport.policy;

import io.sallyport.policy.Question.Subject;
import io.sallyport.policy.Verdict.AllowedFlow;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A compiled AccessPolicy document. Immutable.
 *
 * @param hash SHA-256 in hex over the text
 * @param requirements least posture, in the document's order
 * @param conditions all must be true
 * @param rules what it allows, in the document's order
 * @param network how an access network attaches the device, or null
 * @param quarantineVlan 1 to 4094, or null
 * @param flows what {@code rules} allow, each once
 * @param restsOnPosture whether a permit by this policy stands on the device's posture
 */
record AccessPolicy(
    String name,
    String hash,
    Selector selector,
    List<PostureRequirement> requirements,
    List<Condition> conditions,
    List<FlowRule> rules,
    Duration ttl,
    Verdict.@Nullable Network network,
    @Nullable Integer quarantineVlan,
    List<AllowedFlow> flows,
    boolean restsOnPosture) {
  AccessPolicy {
    requirements = List.copyOf(requirements);
    conditions = List.copyOf(conditions);
    rules = List.copyOf(rules);
    flows = List.copyOf(flows);
  }

  AccessPolicy(
      String name,
      String hash,
      Selector selector,
      List<PostureRequirement> requirements,
      List<Condition> conditions,
      List<FlowRule> rules,
      Duration ttl,
      Verdict.@Nullable Network network,
      @Nullable Integer quarantineVlan) {
    this(
        name,
        hash,
        selector,
        requirements,
        conditions,
        rules,
        ttl,
        network,
        quarantineVlan,
        rules.stream().map(FlowRule::flow).distinct().toList(),
        !requirements.isEmpty() || conditions.stream().anyMatch(Condition::looksAtPosture));
  }

  /** Which devices a policy is about; null and empty select all. */
  record Selector(@Nullable String profile, @Nullable String site, Map<String, String> labels) {
    Selector {
      labels = Map.copyOf(labels);
    }
  }

  /** Whether this policy is about {@code subject}. */
  boolean selects(Subject subject) {
    return (selector.profile() == null || selector.profile().equals(subject.profile()))
        && (selector.site() == null || selector.site().equals(subject.site()))
        && (subject.policies() == null || subject.policies().contains(name))
        && hasLabels(subject.labels());
  }

  private boolean hasLabels(Map<String, String> labels) {
    for (Map.Entry<String, String> wanted : selector.labels().entrySet()) {
      if (!wanted.getValue().equals(labels.get(wanted.getKey()))) {
        return false;
      }
    }
    return true;
  }
}
