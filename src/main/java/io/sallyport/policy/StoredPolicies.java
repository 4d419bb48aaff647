package io.sallyport.policy;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.PolicyCanaries.Canary;
import io.sallyport.policy.PolicyVersions.Change;
import io.sallyport.policy.PolicyVersions.Outcome;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Policies in the database. What was compiled is kept by text, so that a change compiles one policy and not all. */
@ApplicationScoped
class StoredPolicies implements Policies {
  private final PolicyRows rows;
  private final PolicyActs acts;
  private final CanaryRows canaries;
  private final StoredPolicyVersions versions;
  private final Clock clock;

  /** What the last load compiled, by hash. */
  private volatile Map<String, ReadDocument> compiled = Map.of();

  StoredPolicies(
      PolicyRows rows,
      PolicyActs acts,
      CanaryRows canaries,
      StoredPolicyVersions versions,
      Clock clock) {
    this.rows = rows;
    this.acts = acts;
    this.canaries = canaries;
    this.versions = versions;
    this.clock = clock;
  }

  @Override
  public String check(String yaml) {
    return PolicyReader.read(yaml).name();
  }

  @Override
  @Transactional
  public Policy apply(String yaml, Actor actor) {
    ReadDocument policy = PolicyReader.read(yaml);
    rows.lockChanges();
    Optional<Policy> current = rows.find(policy.name());
    if (current.isPresent() && current.get().hash().equals(policy.hash())) {
      return current.get();
    }
    canaries.requireNone();
    Policy applied = new Policy(
        policy.name(), policy.hash(), yaml, clock.instant().truncatedTo(ChronoUnit.MICROS));
    SortedMap<String, String> before = acts.current();
    rows.put(applied, actor.toString());
    rows.flush();
    requireWhole();
    String replaced = current.map(Policy::hash).orElse(null);
    record(
        "apply",
        before,
        new Change(policy.name(), replaced, policy.hash()),
        actor,
        applied.appliedAt());
    return applied;
  }

  /** Refuses a change that leaves a policy with a segment that nothing describes. */
  private void requireWhole() {
    Map<String, ReadDocument> documents;
    try {
      documents = read(rows.all(), compiled);
    } catch (IllegalStateException e) {
      // Another text cannot be read any more; this change may be the first step out of that.
      return;
    }
    Segments.resolve(documents.values());
  }

  private void record(
      String kind, SortedMap<String, String> before, Change change, Actor actor, Instant at) {
    SortedMap<String, String> after = new TreeMap<>(before);
    if (change.to() == null) {
      after.remove(change.name());
    } else {
      after.put(change.name(), change.to());
    }
    Outcome outcome =
        new Outcome(null, PolicyActs.hash(after), PolicyActs.hash(before), List.of(change));
    versions.record(kind, outcome, "", actor, at);
  }

  @Override
  @Transactional
  public Optional<Policy> find(String name) {
    return PolicyReader.isName(name) ? rows.find(name) : Optional.empty();
  }

  @Override
  @Transactional
  public Page<Policy> list(@Nullable String cursor, int limit) {
    if (cursor != null && !PolicyReader.isName(cursor)) {
      throw new Refusal(
          CommonProblem.INVALID, "The cursor is not one that a list of policies gave.");
    }
    int most = Math.clamp(limit, 1, Page.MOST);
    return Page.cut(rows.list(cursor == null ? "" : cursor, most + 1), most, Policy::name);
  }

  @Override
  @Transactional
  public void remove(String name, Actor actor) {
    rows.lockChanges();
    Policy current = find(name)
        .orElseThrow(() -> new Refusal(
            PolicyProblem.UNKNOWN_POLICY,
            "No policy has the name " + YamlReader.quoted(name) + "."));
    canaries.requireNone();
    SortedMap<String, String> before = acts.current();
    rows.remove(name);
    requireWhole();
    record(
        "remove",
        before,
        new Change(name, current.hash(), null),
        actor,
        clock.instant().truncatedTo(ChronoUnit.MICROS));
  }

  /** Throws when a stored text cannot be read any more: it may be what forbids, so nothing is permitted without it. */
  @Override
  @Transactional
  public PolicySet load() {
    List<Policy> stored = rows.all();
    Map<String, ReadDocument> now = read(stored, compiled);
    compiled = now;
    PolicySet base = new CompiledPolicySet(now.values());
    return canaries
        .live(clock.instant())
        .<PolicySet>map(canary -> beside(base, stored, canary))
        .orElse(base);
  }

  /** What is in force, and what a share of the fleet has instead. */
  private PolicySet beside(PolicySet base, List<Policy> stored, Canary canary) {
    SortedMap<String, String> members = new TreeMap<>();
    Map<String, Policy> known = new HashMap<>();
    stored.forEach(policy -> {
      members.put(policy.name(), policy.hash());
      known.put(policy.hash(), policy);
    });
    List<Policy> tried = new ArrayList<>();
    StoredPolicyVersions.tried(members, canary).forEach((name, hash) -> {
      Policy here = known.get(hash);
      tried.add(
          here != null
              ? here
              : new Policy(name, hash, rows.version(name, hash).orElseThrow(), canary.begunAt()));
    });
    return new CanaryPolicies(
        canary.number(),
        base,
        new CompiledPolicySet(read(tried, compiled).values()),
        canary.share(),
        canary.until());
  }

  /** By hash, which covers the name; of {@code known} what is there already. */
  static Map<String, ReadDocument> read(List<Policy> stored, Map<String, ReadDocument> known) {
    Map<String, ReadDocument> now = new HashMap<>();
    for (Policy each : stored) {
      ReadDocument policy = known.get(each.hash());
      try {
        now.put(each.hash(), policy == null ? PolicyReader.read(each.yaml()) : policy);
      } catch (Refusal e) {
        throw new IllegalStateException(
            "policy " + each.name() + " cannot be read any more; apply it anew or remove it: "
                + e.detail(),
            e);
      }
    }
    return Map.copyOf(now);
  }
}
