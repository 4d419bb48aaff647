package io.sallyport.people;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Operators as rows of the database. */
@ApplicationScoped
class RegisteredOperators implements Operators {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@-]{0,63}");

  /** As a device's site is written (devices); no comma. */
  private static final Pattern SITE = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N} ._@+/:-]{0,63}");

  /** Each is a query of its own in a list; whoever has more is better bound to none. */
  private static final int MOST_SITES = 32;

  /** 32 characters of base64url carry 192 bits. */
  private static final int SHORTEST_TOKEN = 32;

  /** Longer ones are not hashed: nobody was ever given one. */
  private static final int LONGEST_TOKEN = 4096;

  private final EntityManager entities;
  private final Audit audit;
  private final Clock clock;
  private final RecentOperators recent;

  RegisteredOperators(EntityManager entities, Audit audit, Clock clock) {
    this.entities = entities;
    this.audit = audit;
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
    return known.isPresent() ? known : stored(digest);
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
  public Operator add(String name, Set<Role> roles, Set<String> sites, String token, Actor actor) {
    if (!NAME.matcher(name).matches()) {
      throw new Refusal(
          PeopleProblem.INVALID_OPERATOR,
          "An operator's name has 1 to 64 letters, digits, dots, hyphens, underscores and at signs.");
    }
    if (roles.isEmpty()) {
      throw new Refusal(PeopleProblem.INVALID_OPERATOR, "An operator has at least one role.");
    }
    if (sites.size() > MOST_SITES || !sites.stream().allMatch(SITE.asMatchPredicate())) {
      throw new Refusal(
          PeopleProblem.INVALID_OPERATOR,
          "An operator has at most " + MOST_SITES
              + " sites, each of 1 to 64 letters, digits, spaces or . _ @ + / : - and starting with a letter or digit.");
    }
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
    audit.record(Fact.of("operator.added", actor, "operator", name)
        .with("roles", OperatorRow.words(roles))
        .with("sites", OperatorRow.joined(sites)));
    return row.operator();
  }

  /** Intercepted although it is called from here: the container subclasses beans. */
  @Transactional
  Optional<Operator> stored(Digest token) {
    Optional<Operator> found = entities
        .createQuery("from OperatorRow o where o.tokenDigest = :digest", OperatorRow.class)
        .setParameter("digest", token.octets())
        .getResultStream()
        .findFirst()
        .map(OperatorRow::operator);
    found.ifPresent(operator -> recent.remember(token, operator));
    return found;
  }

  private static Digest digest(String token) {
    return Digest.of(token.getBytes(StandardCharsets.UTF_8));
  }
}
