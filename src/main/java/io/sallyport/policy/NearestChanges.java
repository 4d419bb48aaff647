package io.sallyport.policy;

import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.Explanation.Change;
import io.sallyport.policy.Explanation.Kind;
import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Question.Signalled;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Looks for the least that would turn a denial. What is proposed is guessed from the policies and then tried: only a change
 * with which the changed question is permitted is said. For one thread.
 */
final class NearestChanges {
  private static final int MOST_CHANGES = 5;
  /** Of one policy, so that another has a chance to be nearer. */
  private static final int MOST_OF_ONE = 2;
  /** Questions asked to find them. */
  private static final int MOST_TRIES = 500;

  private static final String PERMITS = " would permit";

  private final PolicySet set;
  private final List<AccessPolicy> all;
  private final List<AccessPolicy> selecting;
  private final Question question;
  private final Set<Change> changes = new LinkedHashSet<>();
  private int tries;

  /** {@code selecting} are the permits that select the device. */
  NearestChanges(
      PolicySet set, List<AccessPolicy> all, List<AccessPolicy> selecting, Question question) {
    this.set = set;
    this.all = all;
    this.selecting = selecting;
    this.question = question;
  }

  /** A question that is asked instead, and what has changed in it. */
  private record Try(Kind kind, Question changed, String words) {}

  /** Nearest first: by how little each policy lacks; {@code bitten} are the forbids that meet the flow. */
  List<Change> find(List<AccessPolicy> bitten, ToIntFunction<AccessPolicy> lacks) {
    for (AccessPolicy forbid : bitten) {
      wishes(forbid, false).forEach(wish -> prove(forbid, wish));
      signals(forbid).forEach(over -> prove(forbid, over));
    }
    List<AccessPolicy> nearest =
        selecting.stream().sorted(Comparator.comparingInt(lacks)).toList();
    for (AccessPolicy policy : nearest) {
      int before = changes.size();
      for (Try each : singles(policy)) {
        if (changes.size() < before + MOST_OF_ONE) {
          prove(policy, each);
        }
      }
      if (changes.size() == before && lacks.applyAsInt(policy) > 1) {
        together(policy);
      }
    }
    if (changes.isEmpty()) {
      all.stream().filter(AccessPolicy::permits).forEach(this::select);
    }
    return changes.stream().limit(MOST_CHANGES).toList();
  }

  private List<Try> singles(AccessPolicy policy) {
    List<Try> singles = new ArrayList<>();
    RequestedFlow flow = question.flow();
    if (flow != null) {
      singles.addAll(flows(policy, flow));
    }
    Question free = Altered.with(question, List.of("device", "state"), "active");
    if (free != null) {
      singles.add(new Try(Kind.CONDITION, free, "a release from quarantine" + PERMITS));
    }
    Posture posture = question.posture();
    if (posture != null && !posture.expiresAt().isAfter(question.time())) {
      Question renewed = Altered.with(question, Altered.appraised(question));
      singles.add(new Try(Kind.POSTURE, renewed, "a new appraisal that says the same" + PERMITS));
      if (set.evaluate(renewed).permit()) {
        return singles;
      }
    }
    for (PostureRequirement requirement : policy.requirements()) {
      singles.add(new Try(
          Kind.POSTURE,
          Altered.with(question, requirement),
          requirement.claim() + " " + requirement.words() + PERMITS));
    }
    singles.addAll(wishes(policy, true));
    singles.addAll(signals(policy));
    return singles;
  }

  /** As if something that is reported of the device were over. */
  private List<Try> signals(AccessPolicy policy) {
    List<Signalled> signals = new Attributes(question).signals();
    List<Try> over = new ArrayList<>();
    if (policy.restsOnSignals() && !signals.isEmpty()) {
      for (String kind :
          signals.stream().map(Signalled::kind).distinct().sorted().toList()) {
        over.add(new Try(
            Kind.CONDITION,
            Altered.with(
                question, signals.stream().filter(s -> !s.kind().equals(kind)).toList()),
            "the end of the signals of kind " + YamlReader.quoted(kind) + PERMITS));
      }
      over.add(new Try(
          Kind.CONDITION,
          Altered.with(question, List.<Signalled>of()),
          "the end of all signals" + PERMITS));
    }
    return over;
  }

  private List<Try> wishes(AccessPolicy policy, boolean wanted) {
    List<Try> wishes = new ArrayList<>();
    for (Condition condition : policy.conditions()) {
      for (Wish wish : Wish.of(condition.expression(), wanted)) {
        Question changed = Altered.with(question, wish.path(), wish.value());
        if (changed != null) {
          Kind kind = wish.path().getFirst().equals("time") ? Kind.TIME : Kind.CONDITION;
          wishes.add(new Try(kind, changed, wish.words() + PERMITS));
        }
      }
    }
    return wishes;
  }

  /** The nearest rule; with its own peer when the asked one is not among its peers. */
  private List<Try> flows(AccessPolicy policy, RequestedFlow flow) {
    FlowRule rule = nearest(policy, flow, IpPrefix.parseAddress(flow.peer()));
    if (rule == null) {
      return List.of();
    }
    String peer = rule.meetsPeer(flow.peer(), IpPrefix.parseAddress(flow.peer()))
        ? flow.peer()
        : rule.prefix() == null ? rule.flow().peer() : rule.prefix().address();
    RequestedFlow other = new RequestedFlow(
        peer, rule.flow().protocol(), nearest(rule, flow.port()), rule.flow().direction());
    return List.of(
        new Try(Kind.FLOW, Altered.with(question, other), Denial.allowed(policy, rule, flow)));
  }

  /** By peer, then direction and protocol, then port; a peer that is written alike is nearer than another. Null for none. */
  static @Nullable FlowRule nearest(
      AccessPolicy policy, RequestedFlow flow, @Nullable IpPrefix address) {
    return policy.rules().stream()
        .min(Comparator.<FlowRule>comparingInt(rule -> rule.meetsPeer(flow.peer(), address) ? 0 : 1)
            .thenComparing(rule -> Denial.distance(rule, flow))
            .thenComparing(rule -> -alike(rule.flow().peer(), FlowRule.lower(flow.peer()))))
        .orElse(null);
  }

  /** How many characters two texts have in common at their beginning and at their end. */
  private static int alike(String one, String other) {
    int most = Math.min(one.length(), other.length());
    int begin = 0;
    while (begin < most && one.charAt(begin) == other.charAt(begin)) {
      begin++;
    }
    int end = 0;
    while (end < most - begin
        && one.charAt(one.length() - 1 - end) == other.charAt(other.length() - 1 - end)) {
      end++;
    }
    return begin + end;
  }

  private static int nearest(FlowRule rule, int port) {
    if (rule.isIcmp() && rule.flow().ports().isEmpty()) {
      return 0;
    }
    return rule.ports().stream()
        .map(range -> Math.clamp(port, range.first(), range.last()))
        .min(Comparator.comparingInt(candidate -> Math.abs(candidate - port)))
        .orElse(0);
  }

  /** All that the policy lacks at once, when nothing alone would do. */
  private void together(AccessPolicy policy) {
    Question changed = question;
    List<String> words = new ArrayList<>();
    for (PostureRequirement requirement : policy.requirements()) {
      Attributes now = new Attributes(changed);
      Posture posture = now.posture();
      if (posture == null
          || requirement.shortfall(posture.claims().get(requirement.claim())) != null) {
        changed = Altered.with(changed, requirement);
        words.add(requirement.claim() + " " + requirement.words());
      }
    }
    for (Condition condition : policy.conditions()) {
      if (condition.shortfall(new Attributes(changed)) == null) {
        continue;
      }
      for (Wish wish : Wish.of(condition.expression(), true)) {
        Question next = Altered.with(changed, wish.path(), wish.value());
        if (next != null && condition.shortfall(new Attributes(next)) == null) {
          changed = next;
          words.add(wish.words());
          break;
        }
      }
    }
    if (!words.isEmpty()) {
      Kind kind = policy.requirements().isEmpty() ? Kind.CONDITION : Kind.POSTURE;
      prove(policy, new Try(kind, changed, String.join(" and ", words) + PERMITS));
    }
  }

  /** A policy that does not select the device for one thing only. */
  private void select(AccessPolicy policy) {
    if (policy.selects(question.subject())) {
      return;
    }
    AccessPolicy.Selector selector = policy.selector();
    Stream<Wish> wishes = Stream.concat(
        Stream.of(wish("profile", selector.profile()), wish("site", selector.site()))
            .flatMap(Stream::ofNullable),
        selector.labels().entrySet().stream()
            .sorted(Map.Entry.comparingByKey())
            .map(label -> wish(List.of("device", "labels", label.getKey()), label.getValue())));
    wishes.forEach(wish -> {
      Question changed = Altered.with(question, wish.path(), wish.value());
      if (changed != null && policy.selects(changed.subject())) {
        prove(policy, new Try(Kind.CONDITION, changed, wish.words() + PERMITS));
      }
    });
  }

  private static @Nullable Wish wish(String field, @Nullable String value) {
    return value == null ? null : wish(List.of("device", field), value);
  }

  private static Wish wish(List<String> path, String value) {
    return new Wish(path, value, Wish.name(path) + " " + YamlReader.quoted(value));
  }

  private void prove(AccessPolicy policy, Try proposed) {
    Change change = new Change(policy.name(), proposed.kind(), proposed.words());
    if (changes.size() < MOST_CHANGES
        && tries < MOST_TRIES
        && !proposed.changed().equals(question)
        && !changes.contains(change)) {
      tries++;
      if (set.evaluate(proposed.changed()).permit()) {
        changes.add(change);
      }
    }
  }
}
