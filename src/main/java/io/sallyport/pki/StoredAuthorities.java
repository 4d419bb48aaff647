package io.sallyport.pki;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.FactRecorded;
import io.sallyport.events.Changes;
import io.sallyport.events.Changes.Change;
import io.sallyport.events.Changes.Following;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CaTerms;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.KeyAlgorithm;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import jakarta.persistence.EntityManager;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Authorities in the database, all of them kept in memory on every node and read again when any node changed one. */
@ApplicationScoped
class StoredAuthorities implements Authorities {
  private static final String SUBJECT = CertificateSubject.Kind.AUTHORITY.word();
  private static final int START = Changes.START + 5;
  /** Before the observers of no priority. */
  private static final int FIRST = 100;

  private static final Duration LONGEST_WAIT = Duration.ofSeconds(5);

  private final EntityManager entities;
  private final AuthorityFounding founding;
  private final AuthorityImports imports;
  private final AuthorityRevocation revocation;
  private final AuthorityReports reports;
  private final AuthoritySuccession succession;
  private final SigningGates gates;
  private final Changes changes;
  private final Clock clock;
  private volatile @Nullable Known known;
  private @Nullable Following following;

  StoredAuthorities(
      EntityManager entities,
      AuthorityFounding founding,
      AuthorityImports imports,
      AuthorityRevocation revocation,
      AuthorityReports reports,
      AuthoritySuccession succession,
      SigningGates gates,
      Changes changes,
      Clock clock) {
    this.entities = entities;
    this.founding = founding;
    this.imports = imports;
    this.revocation = revocation;
    this.reports = reports;
    this.succession = succession;
    this.gates = gates;
    this.changes = changes;
    this.clock = clock;
  }

  /** Those that are certified. */
  private record Known(
      List<Authority> all, Map<String, Authority> byName, Map<String, String> keyIdentifiers) {
    static Known of(List<Authority> all) {
      Map<String, Authority> byName = new HashMap<>();
      Map<String, String> keyIdentifiers = new HashMap<>();
      for (Authority authority : all) {
        byName.put(authority.name(), authority);
        String identifier = KeyIdentifiers.subject(authority.certificate());
        // What was certified before the authority's own identifier was taken names it by method 1.
        if (identifier.equals(KeyIdentifiers.ofKey(authority.certificate()))) {
          keyIdentifiers.put(authority.name(), identifier);
        }
      }
      return new Known(List.copyOf(all), Map.copyOf(byName), Map.copyOf(keyIdentifiers));
    }
  }

  void start(@Observes @Priority(START) StartupEvent event) {
    long position = changes.position();
    read();
    following = changes.follow("authorities", position, this::follow);
  }

  void stop(@Observes ShutdownEvent event) {
    if (following != null) {
      following.close();
    }
  }

  /** What any node committed. */
  private void follow(List<Change> next) {
    if (next.stream().anyMatch(change -> change.subjectType().equals(SUBJECT))) {
      read();
    }
  }

  /** On the node that committed it the change counts before it is answered, and before anybody else looks. */
  void changed(
      @Observes(during = TransactionPhase.AFTER_SUCCESS) @Priority(FIRST) FactRecorded recorded) {
    if (!recorded.fact().subjectType().equals(SUBJECT)) {
      return;
    }
    known = null;
    try {
      Thread.startVirtualThread(this::read).join(LONGEST_WAIT);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One reader at a time, so that what an earlier one saw never replaces what a later one saw. */
  synchronized void read() {
    Known read = Known.of(QuarkusTransaction.requiringNew().call(() -> {
      Map<String, List<Cross>> crosses = crosses();
      return entities
          .createQuery(
              "from AuthorityRow where certificate is not null order by createdAt, name",
              AuthorityRow.class)
          .getResultStream()
          .map(row -> row.authority(crosses.getOrDefault(row.name, List.of())))
          .toList();
    }));
    read.all.stream()
        .filter(authority -> authority.distrust() != null)
        .forEach(authority -> gates.closed(authority.name()));
    known = read;
  }

  private Map<String, List<Cross>> crosses() {
    Map<String, List<Cross>> crosses = new HashMap<>();
    entities
        .createQuery(
            "select c from CredentialRow c join AuthorityRow a on a.name = c.subjectId"
                + " where c.subjectKind = :kind and c.state = :issued and a.issuer = a.name"
                + " and c.authority <> a.name order by c.preparedAt",
            CredentialRow.class)
        .setParameter("kind", CertificateSubject.Kind.AUTHORITY)
        .setParameter("issued", CredentialState.ISSUED)
        .getResultStream()
        .filter(row -> !row.isGone())
        .forEach(row -> crosses
            .computeIfAbsent(row.subjectId, any -> new ArrayList<>())
            .add(new Cross(row.authority, row.credential().certificate())));
    return crosses;
  }

  private Known known() {
    Known now = known;
    while (now == null) {
      read();
      now = known;
    }
    return now;
  }

  @Override
  public Authority establish(
      String name,
      String issuer,
      String distinguishedName,
      KeyAlgorithm algorithm,
      Duration validity) {
    Optional<Authority> there = find(name);
    if (there.isEmpty()) {
      founding.establish(new Plan(
          name,
          issuer,
          distinguishedName,
          algorithm,
          validity,
          CaTerms.ofPathLength(name.equals(issuer) ? 1 : 0)));
    }
    return get(name);
  }

  @Override
  public Made create(Plan plan, Actor actor) {
    return founding
        .create(plan, actor)
        .<Made>map(Made.Waiting::new)
        .orElseGet(() -> new Made.Certified(get(plan.name())));
  }

  @Override
  public Authority addRoot(String name, Der certificate, Actor actor) {
    imports.root(name, certificate, actor);
    return get(name);
  }

  @Override
  public Authority certify(String name, Der certificate, Actor actor) {
    imports.certificate(name, certificate, actor);
    return get(name);
  }

  @Override
  public ImportedList takeList(String name, Der list, Actor actor) {
    return imports.list(name, list, actor);
  }

  @Override
  public Ended revoke(String name, RevocationReason reason, Actor actor) {
    revocation.revoke(name, reason, actor, false);
    return AuthorityReports.ended(get(name), list());
  }

  @Override
  public Authority succeed(String name, String successor, @Nullable Instant from, Actor actor) {
    boolean internal = isInternal(name);
    if (internal
        ? follows(DEVICES, successor) || succession.certifiedDevices(successor)
        : isInternal(successor)) {
      throw new Refusal(
          PkiProblem.INVALID_AUTHORITY,
          "What certifies the server and its enforcement points and what certifies devices never follow each"
              + " other: make a successor of its own for \"" + name + "\".");
    }
    succession.succeed(get(name), get(successor), from, actor);
    return get(name);
  }

  @Override
  public Authority issuing(String name) {
    Instant now = clock.instant();
    Authority authority = get(name);
    while (authority.successor() != null && authority.isSucceededAt(now)) {
      authority = get(authority.successor());
    }
    return authority;
  }

  @Override
  public Report report(String name) {
    return reports.report(get(name), list());
  }

  @Override
  public Set<String> readDistrustedKeys() {
    return QuarkusTransaction.requiringNew()
        .call(() -> entities
            .createQuery(
                "from AuthorityRow where certificate is not null and distrustedAt is not null",
                AuthorityRow.class)
            .getResultStream()
            .map(row -> row.authority().certificate())
            // What was certified before the authority's own identifier was taken names it by method
            // 1.
            .flatMap(certificate ->
                Stream.of(KeyIdentifiers.subject(certificate), KeyIdentifiers.ofKey(certificate)))
            .collect(Collectors.toUnmodifiableSet()));
  }

  @Override
  public Map<String, String> keyIdentifiers() {
    return known().keyIdentifiers;
  }

  @Override
  public List<Requested> requested() {
    return QuarkusTransaction.joiningExisting()
        .call(() -> entities
            .createQuery(
                "from AuthorityRow where certificate is null and request is not null order by createdAt, name",
                AuthorityRow.class)
            .getResultStream()
            .map(row ->
                new Requested(row.name, row.issuer, Der.of(Objects.requireNonNull(row.request))))
            .toList());
  }

  @Override
  public Der request(String name, String issuer, String distinguishedName, KeyAlgorithm algorithm) {
    return founding.request(
        new Plan(name, issuer, distinguishedName, algorithm, null, CaTerms.ofPathLength(0)));
  }

  @Override
  public void adopt(String rootName, Der root, Map<String, Der> certified) {
    imports.adopt(rootName, root, certified, Actor.SERVER);
  }

  @Override
  public Optional<Authority> find(String name) {
    Authority authority = known().byName.get(name);
    if (authority == null && AuthorityNames.isOne(name) && isCertified(name)) {
      read();
      authority = known().byName.get(name);
    }
    return Optional.ofNullable(authority);
  }

  /** What another node made a moment ago. */
  private boolean isCertified(String name) {
    return QuarkusTransaction.requiringNew()
        .call(() -> !entities
            .createQuery(
                "select name from AuthorityRow where name = :name and certificate is not null",
                String.class)
            .setParameter("name", name)
            .getResultList()
            .isEmpty());
  }

  @Override
  public Authority get(String name) {
    return find(name)
        .orElseThrow(() ->
            new Refusal(PkiProblem.UNKNOWN_AUTHORITY, "No authority \"" + name + "\" is here."));
  }

  @Override
  public List<Authority> list() {
    return known().all;
  }

  @Override
  public List<Der> chain(String name) {
    List<Der> chain = new ArrayList<>();
    Authority authority = get(name);
    chain.add(authority.certificate());
    while (!authority.issuer().equals(authority.name())) {
      authority = get(authority.issuer());
      chain.add(authority.certificate());
    }
    return chain;
  }
}
