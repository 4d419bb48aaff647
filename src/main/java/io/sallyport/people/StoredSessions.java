package io.sallyport.people;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.sallyport.people.Operators.Operator;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Sessions as rows of the database, read for every request: a console asks seldom, and an end must count at once. */
@ApplicationScoped
class StoredSessions implements ConsoleSessions {
  private static final Duration IDLE = Duration.ofMinutes(30);
  private static final Duration LONGEST = Duration.ofHours(12);
  private static final Duration LONGEST_OF_REALM = Duration.ofHours(1);

  /** How exactly the last use is noted; every request would be a write otherwise. */
  private static final Duration NOTED = Duration.ofMinutes(1);

  private static final int MOST = 20;
  private static final int TOKEN_OCTETS = 32;
  private static final int LONGEST_TOKEN = 128;

  private final EntityManager entities;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  StoredSessions(EntityManager entities, Audit audit, Ids ids, Clock clock) {
    this.entities = entities;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  @Transactional
  public String begin(Operator operator, Origin origin) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    entities
        .createQuery("delete from SessionRow where endsAt < :now")
        .setParameter("now", now)
        .executeUpdate();
    boolean registered = origin == Origin.REGISTERED;
    if (registered
        && entities.find(OperatorRow.class, operator.name(), LockModeType.PESSIMISTIC_READ)
            == null) {
      throw new Refusal(PeopleProblem.WRONG_CREDENTIALS, "The name or the password is wrong.");
    }
    endOldest(operator.name());
    String token = ids.secret(TOKEN_OCTETS);
    entities.persist(new SessionRow(
        digest(token).octets(),
        operator,
        registered,
        now,
        now.plus(registered ? LONGEST : LONGEST_OF_REALM)));
    audit.record(Fact.of(
            "operator.signed-in",
            Actor.operator(operator.name()),
            Operators.SUBJECT,
            operator.name())
        .with("by", origin.name().toLowerCase(Locale.ROOT))
        .with("roles", OperatorRow.words(operator.roles()))
        .with("sites", OperatorRow.joined(operator.sites())));
    return token;
  }

  private void endOldest(String name) {
    List<SessionRow> sessions = entities
        .createQuery(
            "from SessionRow where operator = :name order by createdAt desc", SessionRow.class)
        .setParameter("name", name)
        .getResultList();
    sessions.stream().skip(MOST - 1).forEach(entities::remove);
  }

  @Override
  @Transactional
  public Optional<Operator> recognise(String token) {
    if (token.length() > LONGEST_TOKEN) {
      return Optional.empty();
    }
    SessionRow row = entities.find(SessionRow.class, (Object) digest(token).octets());
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    if (row == null || !row.endsAt.isAfter(now) || !row.seenAt.plus(IDLE).isAfter(now)) {
      return Optional.empty();
    }
    if (!row.seenAt.plus(NOTED).isAfter(now)) {
      entities
          .createQuery("update SessionRow set seenAt = :now where digest = :digest")
          .setParameter("now", now)
          .setParameter("digest", row.digest)
          .executeUpdate();
    }
    return row.registered
        ? Optional.ofNullable(entities.find(OperatorRow.class, row.operator))
            .map(OperatorRow::operator)
        : Optional.of(OperatorRow.operator(row.operator, row.roles, row.sites));
  }

  @Override
  @Transactional
  public void end(String token) {
    if (token.length() > LONGEST_TOKEN) {
      return;
    }
    SessionRow row = entities.find(SessionRow.class, (Object) digest(token).octets());
    if (row != null) {
      entities
          .createQuery("delete from SessionRow where digest = :digest")
          .setParameter("digest", row.digest)
          .executeUpdate();
      audit.record(Fact.of(
          "operator.signed-out", Actor.operator(row.operator), Operators.SUBJECT, row.operator));
    }
  }

  private static Digest digest(String token) {
    return Digest.of(token.getBytes(StandardCharsets.UTF_8));
  }
}
