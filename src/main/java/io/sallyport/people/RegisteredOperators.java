package io.sallyport.people;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.audit.FactRecorded;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.TransactionPhase;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Operators as rows of the database. */
@ApplicationScoped
class RegisteredOperators implements Operators {
  /** 32 characters of base64url carry 192 bits. */
  private static final int SHORTEST_TOKEN = 32;

  /** Longer ones are not hashed: nobody was ever given one. */
  private static final int LONGEST_TOKEN = 4096;

  private static final int TOKEN_OCTETS = 32;

  private final EntityManager entities;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;
  private final RecentOperators recent;

  RegisteredOperators(EntityManager entities, Audit audit, Ids ids, Clock clock) {
    this.entities = entities;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
    this.recent = new RecentOperators(clock);
  }

  @Override
  public Optional<Operator> byToken(String token) {
    if (token.length() < SHORTEST_TOKEN || token.length() > LONGEST_TOKEN) {
      return Optional.empty();
    }
    Digest digest = digest(token);
    Optional<Operator> known = recent.find(digest);
    if (known.isPresent()) {
      return known;
    }
    long before = recent.changes();
    Optional<Operator> found = stored(digest);
    found.ifPresent(operator -> recent.remember(digest, operator, before));
    return found;
  }

  /** Intercepted although it is called from here: the container subclasses beans. */
  @Transactional
  Optional<Operator> stored(Digest token) {
    return entities
        .createQuery("from OperatorRow o where o.tokenDigest = :digest", OperatorRow.class)
        .setParameter("digest", token.octets())
        .getResultStream()
        .findFirst()
        .map(OperatorRow::operator);
  }

  @Override
  @Transactional
  public boolean any() {
    return !entities
        .createQuery("select o.name from OperatorRow o", String.class)
        .setMaxResults(1)
        .getResultList()
        .isEmpty();
  }

  @Override
  @Transactional
  public Optional<Registered> find(String name) {
    return Optional.ofNullable(entities.find(OperatorRow.class, name)).map(OperatorRow::registered);
  }

  @Override
  @Transactional
  public Page<Registered> list(@Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    List<Registered> rows = entities
        .createQuery("from OperatorRow where name > :after order by name", OperatorRow.class)
        .setParameter("after", cursor == null ? "" : cursor)
        .setMaxResults(most + 1)
        .getResultStream()
        .map(OperatorRow::registered)
        .toList();
    return Page.cut(rows, most, last -> last.operator().name());
  }

  @Override
  @Transactional
  public Operator add(String name, Set<Role> roles, Set<String> sites, String token, Actor actor) {
    return added(name, roles, sites, token, actor).operator();
  }

  @Override
  @Transactional
  public Admitted admit(String name, Set<Role> roles, Set<String> sites, Actor actor) {
    String token = ids.secret(TOKEN_OCTETS);
    return new Admitted(added(name, roles, sites, token, actor).registered(), token);
  }

  private OperatorRow added(
      String name, Set<Role> roles, Set<String> sites, String token, Actor actor) {
    OperatorRules.check(name, roles, sites);
    if (token.length() < SHORTEST_TOKEN || token.length() > LONGEST_TOKEN) {
      throw new Refusal(
          PeopleProblem.INVALID_OPERATOR,
          "A bearer token has " + SHORTEST_TOKEN + " to " + LONGEST_TOKEN + " characters.");
    }
    if (entities.find(OperatorRow.class, name) != null) {
      throw new Refusal(PeopleProblem.OPERATOR_EXISTS, "Choose another name than " + name + ".");
    }
    OperatorRow row = new OperatorRow(
        name, roles, sites, digest(token), clock.instant().truncatedTo(ChronoUnit.MICROS));
    entities.persist(row);
    audit.record(described("operator.added", row, actor));
    return row;
  }

  @Override
  @Transactional
  public Registered change(
      String name, @Nullable Set<Role> roles, @Nullable Set<String> sites, Actor actor) {
    List<OperatorRow> administrators = administrators();
    OperatorRow row = locked(name);
    Operator before = row.operator();
    Set<Role> newRoles = roles == null ? before.roles() : roles;
    Set<String> newSites = sites == null ? before.sites() : sites;
    OperatorRules.check(name, newRoles, newSites);
    if (!newRoles.contains(Role.ADMINISTRATOR)) {
      requireAnother(administrators, name);
    }
    row.become(newRoles, newSites);
    audit.record(described("operator.changed", row, actor));
    return row.registered();
  }

  @Override
  @Transactional
  public Admitted renewToken(String name, Actor actor) {
    OperatorRow row = locked(name);
    String token = ids.secret(TOKEN_OCTETS);
    row.renew(digest(token));
    audit.record(Fact.of("operator.token-renewed", actor, SUBJECT, name));
    return new Admitted(row.registered(), token);
  }

  @Override
  @Transactional
  public void remove(String name, Actor actor) {
    List<OperatorRow> administrators = administrators();
    OperatorRow row = locked(name);
    requireAnother(administrators, name);
    entities.remove(row);
    entities
        .createQuery("delete from SessionRow where operator = :name and registered")
        .setParameter("name", name)
        .executeUpdate();
    audit.record(described("operator.removed", row, actor));
  }

  private OperatorRow locked(String name) {
    OperatorRow row = entities.find(OperatorRow.class, name, LockModeType.PESSIMISTIC_WRITE);
    if (row == null) {
      throw new Refusal(PeopleProblem.UNKNOWN_OPERATOR, "Nobody is registered under this name.");
    }
    return row;
  }

  /** Locked in one order, so that of two administrators who remove each other one stays. */
  private List<OperatorRow> administrators() {
    return entities
        .createQuery(
            "from OperatorRow where roles like '%administrator%' order by name", OperatorRow.class)
        .setLockMode(LockModeType.PESSIMISTIC_WRITE)
        .getResultStream()
        .filter(row -> row.operator().roles().contains(Role.ADMINISTRATOR))
        .toList();
  }

  private static void requireAnother(List<OperatorRow> administrators, String name) {
    if (administrators.stream().allMatch(row -> row.operator().name().equals(name))
        && !administrators.isEmpty()) {
      throw new Refusal(
          PeopleProblem.LAST_ADMINISTRATOR,
          "Make somebody else an administrator first: " + name + " is the last one.");
    }
  }

  private static Fact described(String kind, OperatorRow row, Actor actor) {
    Operator operator = row.operator();
    return Fact.of(kind, actor, SUBJECT, operator.name())
        .with("roles", OperatorRow.words(operator.roles()))
        .with("sites", OperatorRow.joined(operator.sites()));
  }

  /** What changed is read again by this node, before the change is answered. */
  void changed(@Observes(during = TransactionPhase.AFTER_SUCCESS) FactRecorded recorded) {
    if (recorded.fact().subjectType().equals(SUBJECT)) {
      recent.forget(recorded.fact().subject());
    }
  }

  private static Digest digest(String token) {
    return Digest.of(token.getBytes(StandardCharsets.UTF_8));
  }
}
