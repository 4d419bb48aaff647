package io.sallyport.policy;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Policies.Policy;
import io.sallyport.policy.PolicyCanaries.Canary;
import io.sallyport.policy.PolicyDocuments.Document;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Acts over the policies in the database. A set that does not compile as a whole is never put in force. */
@ApplicationScoped
class StoredPolicyVersions implements PolicyVersions {
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern NUMBER = Pattern.compile("[1-9][0-9]{0,17}");
  private static final int MOST_NOTE = 255;

  private final PolicyRows rows;
  private final PolicyActs acts;
  private final CanaryRows canaries;
  private final Audit audit;
  private final Clock clock;

  StoredPolicyVersions(
      PolicyRows rows, PolicyActs acts, CanaryRows canaries, Audit audit, Clock clock) {
    this.rows = rows;
    this.acts = acts;
    this.canaries = canaries;
    this.audit = audit;
    this.clock = clock;
  }

  /**
   * What may come into force.
   *
   * @param members version hashes by name
   * @param documents by version hash, of those that are new
   */
  private record Candidate(SortedMap<String, String> members, Map<String, Document> documents) {}

  @Override
  @Transactional
  public Outcome apply(String yaml, boolean whole, Terms terms, Actor actor) {
    List<Document> documents = PolicyDocuments.read(yaml);
    rows.lockChanges();
    canaries.requireNone();
    return put("apply", with(documents, whole), terms, actor);
  }

  @Override
  @Transactional
  public Outcome check(String yaml, boolean whole, Terms terms) {
    return would(with(PolicyDocuments.read(yaml), whole), terms).outcome();
  }

  @Override
  @Transactional
  public Outcome rollBack(String set, Terms terms, Actor actor) {
    rows.lockChanges();
    canaries.requireNone();
    return put("rollback", new Candidate(known(set), Map.of()), terms, actor);
  }

  @Override
  @Transactional
  public Outcome checkRollBack(String set, Terms terms) {
    return would(new Candidate(known(set), Map.of()), terms).outcome();
  }

  @Override
  @Transactional
  public Page<Act> acts(@Nullable String cursor, int limit) {
    if (cursor != null && !NUMBER.matcher(cursor).matches()) {
      throw new Refusal(
          CommonProblem.INVALID, "The cursor is not one that the history of policies gave.");
    }
    int most = Math.clamp(limit, 1, Page.MOST);
    long before = cursor == null ? Long.MAX_VALUE : Long.parseLong(cursor);
    return Page.cut(acts.list(before, most + 1), most, act -> Long.toString(act.number()));
  }

  @Override
  @Transactional
  public List<Change> changes(long act) {
    return acts.changes(act);
  }

  @Override
  @Transactional
  public Optional<Map<String, String>> members(String set) {
    return HASH.matcher(set).matches() ? acts.of(set).map(Map::copyOf) : Optional.empty();
  }

  @Override
  @Transactional
  public Optional<String> document(String name, String hash) {
    return PolicyReader.isName(name) && HASH.matcher(hash).matches()
        ? rows.version(name, hash)
        : Optional.empty();
  }

  @Override
  @Transactional
  public List<Rule> rules() {
    List<Rule> rules = new ArrayList<>();
    for (Policy stored : rows.all()) {
      if (PolicyReader.read(stored.yaml()) instanceof AccessPolicy policy) {
        policy.rules().stream()
            .map(rule -> new Rule(policy.name(), rule.name(), policy.forbids()))
            .distinct()
            .forEach(rules::add);
      }
    }
    return rules;
  }

  @Override
  @Transactional
  public Analysis analyze(Collection<Set<String>> bounds) {
    return new PolicyAnalysis(
            rows.all().stream().map(stored -> PolicyReader.read(stored.yaml())).toList(), bounds)
        .analysis();
  }

  @Override
  @Transactional
  public Planned plan(String yaml, boolean whole) {
    return would(with(PolicyDocuments.read(yaml), whole), Terms.ANY);
  }

  @Override
  @Transactional
  public Planned planRollBack(String set) {
    return would(new Candidate(known(set), Map.of()), Terms.ANY);
  }

  /** Keeps texts that are not in force yet; in the caller's transaction. */
  void keep(String yaml, Actor actor, Instant at) {
    for (Document document : PolicyDocuments.read(yaml)) {
      rows.keep(
          new Policy(document.name(), document.hash(), document.text(), at), actor.toString());
    }
    rows.flush();
  }

  /** Puts in force what was tried, in the caller's transaction and under its lock. */
  Outcome promote(Canary canary, Actor actor) {
    String note =
        "canary " + canary.number() + (canary.note().isEmpty() ? "" : ": " + canary.note());
    return put(
        "apply",
        new Candidate(tried(acts.current(), canary), Map.of()),
        new Terms(canary.base(), note),
        actor);
  }

  static SortedMap<String, String> tried(SortedMap<String, String> base, Canary canary) {
    SortedMap<String, String> members = new TreeMap<>(base);
    for (Change change : canary.changes()) {
      if (change.to() == null) {
        members.remove(change.name());
      } else {
        members.put(change.name(), change.to());
      }
    }
    return members;
  }

  private Candidate with(List<Document> documents, boolean whole) {
    if (whole && documents.isEmpty()) {
      throw new Refusal(
          PolicyProblem.INVALID_POLICY,
          "there is no document, so every policy would be withdrawn; remove them one by one if that is meant");
    }
    SortedMap<String, String> members = whole ? new TreeMap<>() : acts.current();
    Map<String, Document> read = new HashMap<>();
    documents.forEach(document -> {
      members.put(document.name(), document.hash());
      read.put(document.hash(), document);
    });
    return new Candidate(members, read);
  }

  private SortedMap<String, String> known(String set) {
    return Optional.of(set)
        .filter(hash -> HASH.matcher(hash).matches())
        .flatMap(acts::of)
        .orElseThrow(
            () -> new Refusal(
                PolicyProblem.UNKNOWN_SET,
                "No set of policies with this hash was ever in force; the history names those that were."));
  }

  /** A document that was read already is not read again, and most of the others are in force: they come together. */
  private PolicySet compiled(Candidate candidate) {
    Map<String, String> inForce = new HashMap<>();
    if (!candidate.documents.keySet().containsAll(candidate.members.values())) {
      rows.all().forEach(policy -> inForce.put(policy.hash(), policy.yaml()));
    }
    List<ReadDocument> documents = new ArrayList<>();
    candidate.members.forEach((name, hash) -> {
      Document document = candidate.documents.get(hash);
      String text = inForce.get(hash);
      documents.add(
          document != null
              ? document.read()
              : PolicyReader.read(text == null ? text(candidate, name, hash) : text));
    });
    return new CompiledPolicySet(documents);
  }

  private String text(Candidate candidate, String name, String hash) {
    Document document = candidate.documents.get(hash);
    return document == null ? rows.version(name, hash).orElseThrow() : document.text();
  }

  private Planned would(Candidate candidate, Terms terms) {
    SortedMap<String, String> now = acts.current();
    String replaced = PolicyActs.hash(now);
    requireExpected(terms, replaced);
    Outcome outcome = new Outcome(
        null, PolicyActs.hash(candidate.members), replaced, changes(now, candidate.members));
    return new Planned(outcome, compiled(candidate));
  }

  private Outcome put(String kind, Candidate candidate, Terms terms, Actor actor) {
    Outcome would = would(candidate, terms).outcome();
    if (would.changes().isEmpty()) {
      return would;
    }
    Instant at = clock.instant().truncatedTo(ChronoUnit.MICROS);
    for (Change change : would.changes()) {
      String hash = change.to();
      if (hash == null) {
        rows.remove(change.name());
      } else {
        String text = text(candidate, change.name(), hash);
        rows.put(new Policy(change.name(), hash, text, at), actor.toString());
      }
    }
    rows.flush();
    return record(kind, would, terms.note(), actor, at);
  }

  /** Writes down, under the lock and in the transaction of the change itself, what was changed. */
  Outcome record(String kind, Outcome would, String note, Actor actor, Instant at) {
    String why = note.length() > MOST_NOTE ? note.substring(0, MOST_NOTE) : note;
    long act = acts.record(kind, would.set(), would.replaced(), would.changes(), why, actor, at);
    List<Fact> facts = new ArrayList<>(
        would.changes().stream().map(change -> fact(change, actor)).toList());
    facts.add(Fact.of("policies.applied", actor, "policy-set", would.set())
        .with("act", act)
        .with("kind", kind)
        .with("replaced", would.replaced())
        .with("changed", would.changes().size())
        .with("note", why));
    audit.recordAll(facts);
    return new Outcome(act, would.set(), would.replaced(), would.changes());
  }

  private static Fact fact(Change change, Actor actor) {
    String to = change.to();
    String from = change.from();
    if (to == null) {
      return Fact.of("policy.removed", actor, "policy", change.name())
          .with("hash", Objects.requireNonNull(from));
    }
    Fact fact = Fact.of("policy.applied", actor, "policy", change.name()).with("hash", to);
    return from == null ? fact : fact.with("replaced", from);
  }

  private static void requireExpected(Terms terms, String current) {
    if (terms.expected() != null && !terms.expected().equals(current)) {
      throw new Refusal(
          PolicyProblem.SET_CHANGED,
          "The policies in force are the set " + current
              + ", not the expected one; read them again and repeat your change.");
    }
  }

  private static List<Change> changes(Map<String, String> from, Map<String, String> to) {
    Collection<String> names = new TreeSet<>(from.keySet());
    names.addAll(to.keySet());
    return names.stream()
        .filter(name -> !Objects.equals(from.get(name), to.get(name)))
        .map(name -> new Change(name, from.get(name), to.get(name)))
        .toList();
  }
}
