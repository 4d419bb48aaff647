package io.sallyport.people;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.kernel.Throttle;
import io.sallyport.people.Operators.Operator;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Passwords and links in the database. Hashes are computed outside transactions, one at a time. */
@ApplicationScoped
class StoredPasswords implements LocalPasswords {
  private static final Duration LINK_LIFE = Duration.ofDays(7);
  private static final int SECRET_OCTETS = 32;
  private static final int LONGEST_SECRET = 128;
  private static final int SHORTEST_PASSWORD = 12;
  private static final int LONGEST_PASSWORD = 256;
  private static final int LONGEST_NAME = 64;

  /** A hash takes 19 MiB, so one is computed at a time; whoever comes when as many wait is told to try again. */
  private static final int MOST_WAITING = 16;

  private static final int PATIENCE_SECONDS = 5;

  /** So many times the failures of a name at an address may one address have, and one name. */
  private static final int FOR_ADDRESS = 4;

  private static final int FOR_NAME = 12;

  private final Semaphore computing = new Semaphore(1, true);
  private final EntityManager entities;
  private final Audit audit;
  private final Ids ids;
  private final SecureRandom random;
  private final Clock clock;
  private final Throttle pairs;
  private final Throttle addresses;
  private final Throttle names;

  StoredPasswords(
      EntityManager entities,
      Audit audit,
      Ids ids,
      SecureRandom random,
      Clock clock,
      PasswordSettings settings) {
    this.entities = entities;
    this.audit = audit;
    this.ids = ids;
    this.random = random;
    this.clock = clock;
    this.pairs = new Throttle(clock, settings.failedSignInsPerMinute());
    this.addresses = new Throttle(clock, settings.failedSignInsPerMinute() * FOR_ADDRESS);
    this.names = new Throttle(clock, settings.failedSignInsPerMinute() * FOR_NAME);
  }

  @Override
  @Transactional
  public boolean any() {
    return entities.createQuery("select count(*) from PasswordRow", Long.class).getSingleResult()
        > 0;
  }

  @Override
  @Transactional
  public Link link(String operator, Actor actor) {
    if (entities.find(OperatorRow.class, operator) == null) {
      throw new Refusal(PeopleProblem.UNKNOWN_OPERATOR, "Nobody is registered under this name.");
    }
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    entities
        .createQuery("delete from LinkRow where expiresAt < :now")
        .setParameter("now", now)
        .executeUpdate();
    String secret = ids.secret(SECRET_OCTETS);
    LinkRow row = new LinkRow(digest(secret).octets(), operator, now.plus(LINK_LIFE));
    entities.persist(row);
    audit.record(Fact.of("operator.link-made", actor, Operators.SUBJECT, operator)
        .with("expires_at", row.expiresAt));
    return new Link(secret, row.expiresAt);
  }

  @Override
  @Transactional
  public Optional<String> byLink(String secret) {
    return row(secret, LockModeType.NONE).map(row -> row.operator);
  }

  private Optional<LinkRow> row(String secret, LockModeType lock) {
    return secret.length() > LONGEST_SECRET
        ? Optional.empty()
        : Optional.ofNullable(
                entities.find(LinkRow.class, (Object) digest(secret).octets(), lock))
            .filter(row -> row.expiresAt.isAfter(clock.instant()));
  }

  @Override
  public Operator set(String secret, String password) {
    if (QuarkusTransaction.requiringNew().call(() -> byLink(secret)).isEmpty()) {
      throw unknownLink();
    }
    require(password);
    PasswordHash hash = oneAtATime(() -> PasswordHash.of(password, random));
    return QuarkusTransaction.requiringNew().call(() -> spend(secret, hash));
  }

  private Operator spend(String secret, PasswordHash hash) {
    String name = row(secret, LockModeType.PESSIMISTIC_WRITE)
        .orElseThrow(StoredPasswords::unknownLink)
        .operator;
    OperatorRow operator = entities.find(OperatorRow.class, name);
    if (operator == null) {
      throw unknownLink();
    }
    entities.merge(new PasswordRow(name, hash, clock.instant().truncatedTo(ChronoUnit.MICROS)));
    entities
        .createQuery("delete from LinkRow where operator = :name")
        .setParameter("name", name)
        .executeUpdate();
    entities
        .createQuery("delete from SessionRow where operator = :name and registered")
        .setParameter("name", name)
        .executeUpdate();
    audit.record(Fact.of(PASSWORD_SET, Actor.operator(name), Operators.SUBJECT, name));
    return operator.operator();
  }

  private static void require(String password) {
    int characters = password.codePointCount(0, password.length());
    if (characters < SHORTEST_PASSWORD || characters > LONGEST_PASSWORD) {
      throw new Refusal(
          PeopleProblem.INVALID_PASSWORD,
          "Choose " + SHORTEST_PASSWORD + " to " + LONGEST_PASSWORD + " characters.");
    }
    if (password.codePoints().distinct().count() < 5) {
      throw new Refusal(
          PeopleProblem.INVALID_PASSWORD, "Choose at least five different characters.");
    }
  }

  @Override
  public Operator check(String name, String password, String address) {
    String asked = name.length() > LONGEST_NAME ? "" : name;
    String pair = asked.toLowerCase(Locale.ROOT) + " " + address;
    requireFew(asked, pair, address);
    Known known = QuarkusTransaction.requiringNew().call(() -> known(asked));
    boolean fits = oneAtATime(() -> {
      // Those who were let in together wait here: what the first of them did counts for the others.
      requireFew(asked, pair, address);
      boolean right = password.length() <= LONGEST_PASSWORD * 2 && fits(known.password(), password);
      if (!right) {
        pairs.failed(pair);
        addresses.failed(address);
        names.failed(asked);
      }
      return right;
    });
    Operator operator = known.operator();
    if (!fits || operator == null) {
      throw new Refusal(PeopleProblem.WRONG_CREDENTIALS, "The name or the password is wrong.");
    }
    return operator;
  }

  /** Takes as long for a name that nobody has. */
  private boolean fits(@Nullable PasswordHash known, String password) {
    if (known == null) {
      PasswordHash.of(password, random);
      return false;
    }
    return known.fits(password);
  }

  private Known known(String name) {
    OperatorRow operator = entities.find(OperatorRow.class, name);
    PasswordRow password = entities.find(PasswordRow.class, name);
    return new Known(
        operator == null ? null : operator.operator(),
        operator == null || password == null ? null : password.password());
  }

  private void requireFew(String name, String pair, String address) {
    if (pairs.exceeded(pair) || addresses.exceeded(address) || names.exceeded(name)) {
      throw new Refusal(
          CommonProblem.TOO_MANY_REQUESTS, "Too many wrong passwords; wait a minute.");
    }
  }

  private <T> T oneAtATime(Supplier<T> work) {
    try {
      if (computing.getQueueLength() >= MOST_WAITING
          || !computing.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        throw new Refusal(
            CommonProblem.TOO_MANY_REQUESTS, "Many people sign in at the moment; try again.");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a password's turn", e);
    }
    try {
      return work.get();
    } finally {
      computing.release();
    }
  }

  private static Refusal unknownLink() {
    return new Refusal(
        PeopleProblem.UNKNOWN_LINK,
        "This link was used or has expired; ask an administrator for a new one.");
  }

  private static Digest digest(String secret) {
    return Digest.of(secret.getBytes(StandardCharsets.UTF_8));
  }

  private record Known(
      @Nullable Operator operator, @Nullable PasswordHash password) {}
}
