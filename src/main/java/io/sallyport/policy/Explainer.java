package io.sallyport.policy;

import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.AccessPolicy.Selector;
import io.sallyport.policy.Explanation.Fact;
import io.sallyport.policy.Explanation.Kind;
import io.sallyport.policy.Explanation.Unmet;
import io.sallyport.policy.FlowIndex.Entry;
import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.PostureClaim;
import io.sallyport.policy.Question.RequestedFlow;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Says on what a verdict rests. For people: costs a thousand times what a verdict costs. For one thread. */
final class Explainer {
  /** Enough to read; a set of thousands of policies must not make an answer of megabytes. */
  private static final int MOST_POLICIES = 20;

  private static final int MOST_FACTS = 200;

  private final PolicySet set;
  private final List<AccessPolicy> all;
  private final Selection selection;
  private final Question question;
  private final Attributes attributes;

  Explainer(PolicySet set, List<AccessPolicy> all, Selection selection, Question question) {
    this.set = set;
    this.all = all;
    this.selection = selection;
    this.question = question;
    this.attributes = new Attributes(question);
  }

  Explanation explanation() {
    Verdict verdict = set.evaluate(question);
    if (verdict.permit()) {
      return new Explanation(verdict, facts(), List.of(), List.of());
    }
    List<Unmet> unmet = unmet();
    NearestChanges changes = new NearestChanges(set, all, some(selection.permits()), question);
    return new Explanation(verdict, facts(), unmet, changes.find(bitten(), this::count));
  }

  /** What stands in the way of a question that is denied. */
  List<Unmet> unmet() {
    List<Unmet> unmet = new ArrayList<>(forbidden());
    for (AccessPolicy policy : some(selection.permits())) {
      unmet.addAll(unmet(policy));
    }
    return unmet;
  }

  private static List<AccessPolicy> some(List<AccessPolicy> policies) {
    return policies.subList(0, Math.min(policies.size(), MOST_POLICIES));
  }

  private int count(AccessPolicy policy) {
    return unmet(policy).size();
  }

  /** What keeps {@code policy} from permitting, each thing for itself. */
  private List<Unmet> unmet(AccessPolicy policy) {
    List<Unmet> unmet = new ArrayList<>();
    if (attributes.quarantined()) {
      unmet.add(
          new Unmet(policy.name(), null, Kind.CONDITION, "device.state", "quarantined", "active"));
    }
    Shortfall untimely =
        policy.terms().isTimed() ? policy.terms().shortfall(attributes.time()) : null;
    if (untimely != null) {
      unmet.add(new Unmet(
          policy.name(), null, Kind.TIME, "time", attributes.time().toString(), untimely.words()));
    }
    Terms.Waiver waiver = policy.terms().isTimed() ? policy.terms().waiver(attributes) : null;
    boolean postureWaived = waiver != null && waiver.posture();
    boolean conditionsWaived = waiver != null && waiver.conditions();
    Posture posture = attributes.posture();
    for (PostureRequirement requirement : policy.requirements()) {
      PostureClaim claim = posture == null ? null : posture.claims().get(requirement.claim());
      if (!postureWaived && requirement.shortfall(claim) != null) {
        unmet.add(new Unmet(
            policy.name(),
            null,
            Kind.POSTURE,
            requirement.claim(),
            posture == null ? attributes.postureMissing() : words(claim),
            requirement.words()));
      }
    }
    for (Condition condition : policy.conditions()) {
      Shortfall shortfall = conditionsWaived ? null : condition.shortfall(attributes);
      if (shortfall != null) {
        unmet.add(new Unmet(
            policy.name(),
            null,
            condition.looksAtTime() && !condition.looksAtPosture() ? Kind.TIME : Kind.CONDITION,
            condition.words(),
            shortfall.words(),
            "true"));
      }
    }
    RequestedFlow flow = question.flow();
    if (flow != null) {
      IpPrefix address = IpPrefix.parseAddress(flow.peer());
      if (policy.rules().stream().noneMatch(rule -> rule.meets(flow, address))) {
        FlowRule nearest = NearestChanges.nearest(policy, flow, address);
        unmet.add(new Unmet(
            policy.name(),
            nearest == null ? null : nearest.name(),
            Kind.FLOW,
            "flow",
            Denial.words(flow),
            nearest == null ? String.join("; ", policy.unmapped()) : nearest.words()));
      }
    }
    return unmet;
  }

  private List<Unmet> forbidden() {
    List<Unmet> unmet = new ArrayList<>();
    for (Entry entry : met()) {
      Shortfall shortfall = entry.policy().shortfall(attributes);
      if (shortfall == null || shortfall.unknown()) {
        unmet.add(new Unmet(
            entry.policy().name(),
            entry.rule().name(),
            Kind.FORBIDDEN,
            entry.rule().words(),
            shortfall == null ? "forbidden" : shortfall.words(),
            entry.policy().conditions().isEmpty()
                ? "another flow"
                : "a condition of it that is false"));
      }
    }
    return unmet.size() > MOST_POLICIES ? unmet.subList(0, MOST_POLICIES) : unmet;
  }

  /** The forbids that meet the asked flow and apply, or may. */
  private List<AccessPolicy> bitten() {
    return met().stream()
        .map(Entry::policy)
        .filter(policy -> {
          Shortfall shortfall = policy.shortfall(attributes);
          return shortfall == null || shortfall.unknown();
        })
        .distinct()
        .limit(MOST_POLICIES)
        .toList();
  }

  private List<Entry> met() {
    RequestedFlow flow = question.flow();
    if (flow == null) {
      return List.of();
    }
    List<Entry> met = new ArrayList<>();
    for (Entry entry : selection.denied().find(flow, IpPrefix.parseAddress(flow.peer()))) {
      if (entry.rule().meetsPort(flow.port())) {
        met.add(entry);
      }
    }
    return met;
  }

  private List<Fact> facts() {
    Set<Fact> facts = new LinkedHashSet<>();
    RequestedFlow flow = question.flow();
    facts.add(new Fact("flow", flow == null ? null : Denial.words(flow), "question"));
    for (AccessPolicy policy : some(selection.forbids())) {
      look(policy, facts);
    }
    for (AccessPolicy policy : some(selection.permits())) {
      look(policy, facts);
    }
    return facts.stream().limit(MOST_FACTS).toList();
  }

  private void look(AccessPolicy policy, Set<Fact> facts) {
    Selector selector = policy.selector();
    look("profile", selector.profile(), facts);
    look("manufacturer", selector.manufacturer(), facts);
    look("model", selector.model(), facts);
    look("site", selector.site(), facts);
    selector.labels().keySet().stream()
        .sorted()
        .forEach(label -> facts.add(fact(List.of("device", "labels", label))));
    Posture posture = attributes.posture();
    for (PostureRequirement requirement : policy.requirements()) {
      PostureClaim claim = posture == null ? null : posture.claims().get(requirement.claim());
      facts.add(new Fact(
          Wish.name(List.of("posture", "claims", requirement.claim())),
          claim == null ? null : words(claim),
          "appraisal"));
    }
    for (Condition condition : policy.conditions()) {
      Wish.paths(condition.expression()).forEach(path -> {
        if (Attributes.SOURCES.containsKey(path.getFirst())) {
          facts.add(fact(path));
        }
      });
    }
  }

  private void look(String field, @Nullable String wanted, Set<Fact> facts) {
    if (wanted != null) {
      facts.add(fact(List.of("device", field)));
    }
  }

  private Fact fact(List<String> path) {
    Object value = attributes.find(path.getFirst()).orElse(null);
    for (String step : path.subList(1, path.size())) {
      value = value instanceof Map<?, ?> fields ? fields.get(step) : null;
    }
    return new Fact(
        Wish.name(path),
        value == null ? null : Denial.printable(value.toString()),
        Attributes.SOURCES.getOrDefault(path.getFirst(), "question"));
  }

  private static @Nullable String words(@Nullable PostureClaim claim) {
    return claim == null ? null : claim.tier() + " on " + claim.assurance();
  }
}
