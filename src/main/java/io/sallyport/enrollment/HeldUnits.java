package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.enrollment.Approvals.State;
import io.sallyport.enrollment.FirstContacts.HeldUnit;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.inject.Singleton;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.persistence.TypedQuery;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Units that wait, or waited, for somebody to register them. Works in the caller's transaction. */
@Singleton
final class HeldUnits {
  private static final Duration LIFETIME = Duration.ofDays(30);
  private static final Duration SHORTEST_WAIT = Duration.ofMinutes(1);
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(15);

  /** A stolen authority could show any number of serial numbers. */
  private static final long MOST_PENDING = 10_000;

  private static final int LONGEST_REASON = 500;

  private static final String ASK = """
      insert into first_contact (id, manufacturer, serial_number, idevid, remote, site, state, asked_at, expires_at)
      values (:id, :manufacturer, :serial, :idevid, :remote, :site, 'PENDING', :now, :expires)
      on conflict (manufacturer, serial_number) do nothing""";

  private final EntityManager entities;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  HeldUnits(EntityManager entities, Audit audit, Ids ids, Clock clock) {
    this.entities = entities;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  /** How long the unit is to wait before it asks again; refuses one that was rejected. */
  Duration hold(
      String manufacturer,
      String serialNumber,
      Digest idevid,
      String remote,
      @Nullable String site) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    FirstContactRow row = row(manufacturer, serialNumber)
        .filter(known -> known.expiresAt.isAfter(now))
        .orElseGet(() -> ask(manufacturer, serialNumber, idevid, remote, site, now));
    return switch (row.state) {
      case PENDING -> wait(row, now);
      case REJECTED ->
        throw new Refusal(
            EnrollmentProblem.REQUEST_REJECTED, "The unit was rejected: \"" + row.reason + "\".");
      case APPROVED ->
        throw new Refusal(
            EnrollmentProblem.NOT_REGISTERED,
            "The unit was approved and its registration has ended since.");
    };
  }

  private static Duration wait(FirstContactRow row, Instant now) {
    Duration age = Duration.between(row.askedAt, now);
    if (age.compareTo(SHORTEST_WAIT) < 0) {
      return SHORTEST_WAIT;
    }
    return age.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : age;
  }

  private Optional<FirstContactRow> row(String manufacturer, String serialNumber) {
    return entities
        .createQuery(
            "from FirstContactRow where manufacturer = :manufacturer and serialNumber = :serial",
            FirstContactRow.class)
        .setParameter("manufacturer", manufacturer)
        .setParameter("serial", serialNumber)
        .getResultStream()
        .findFirst();
  }

  private FirstContactRow ask(
      String manufacturer,
      String serialNumber,
      Digest idevid,
      String remote,
      @Nullable String site,
      Instant now) {
    entities.clear();
    entities
        .createQuery(
            "delete FirstContactRow where manufacturer = :manufacturer and serialNumber = :serial and expiresAt <= :now")
        .setParameter("manufacturer", manufacturer)
        .setParameter("serial", serialNumber)
        .setParameter("now", now)
        .executeUpdate();
    long pending = entities
        .createQuery(
            "select count(*) from FirstContactRow where manufacturer = :manufacturer and state = :pending",
            Long.class)
        .setParameter("manufacturer", manufacturer)
        .setParameter("pending", State.PENDING)
        .getSingleResult();
    if (pending >= MOST_PENDING) {
      throw new Refusal(
          CommonProblem.UNAVAILABLE,
          "Too many units of this manufacturer wait for approval; ask again later.");
    }
    UUID id = ids.next();
    int made = entities
        .createNativeQuery(ASK)
        .setParameter("id", id)
        .setParameter("manufacturer", manufacturer)
        .setParameter("serial", serialNumber)
        .setParameter("idevid", idevid.octets())
        .setParameter("remote", remote)
        .setParameter("site", site)
        .setParameter("now", now)
        .setParameter("expires", now.plus(LIFETIME))
        .executeUpdate();
    if (made > 0) {
      audit.record(Fact.of("first-contact.held", Actor.SERVER, "first-contact", id)
          .with("manufacturer", manufacturer)
          .with("serial_number", serialNumber)
          .with("idevid", idevid.hex())
          .with("remote", remote));
    }
    return row(manufacturer, serialNumber).orElseThrow();
  }

  Page<HeldUnit> list(
      Set<String> sites, @Nullable State state, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    StringBuilder query = new StringBuilder("from FirstContactRow where id > :after");
    if (state != null) {
      query.append(" and state = :state");
    }
    if (!sites.isEmpty()) {
      query.append(" and site in :sites");
    }
    TypedQuery<FirstContactRow> found = entities
        .createQuery(query.append(" order by id").toString(), FirstContactRow.class)
        .setParameter("after", IdCursor.after(cursor));
    if (state != null) {
      found.setParameter("state", state);
    }
    if (!sites.isEmpty()) {
      found.setParameter("sites", sites);
    }
    List<HeldUnit> units = found
        .setMaxResults(most + 1)
        .getResultStream()
        .map(FirstContactRow::unit)
        .toList();
    return Page.cut(units, most, unit -> unit.id().toString());
  }

  HeldUnit reject(UUID id, Set<String> sites, String reason, Actor actor) {
    FirstContactRow row = open(id, sites, State.REJECTED);
    if (row.state == State.REJECTED) {
      return row.unit();
    }
    String line = reason.strip().replaceAll("\\p{Cntrl}", " ");
    decide(
        row,
        State.REJECTED,
        line.length() <= LONGEST_REASON ? line : line.substring(0, LONGEST_REASON),
        actor);
    audit.record(Fact.of("first-contact.rejected", actor, "first-contact", id)
        .with("reason", String.valueOf(row.reason)));
    return row.unit();
  }

  /** Pending, or decided so already. */
  FirstContactRow open(UUID id, Set<String> sites, State wanted) {
    FirstContactRow row = entities.find(FirstContactRow.class, id, LockModeType.PESSIMISTIC_WRITE);
    if (row == null || !sites.isEmpty() && (row.site == null || !sites.contains(row.site))) {
      throw new Refusal(EnrollmentProblem.UNKNOWN_FIRST_CONTACT, "No such unit waits.");
    }
    boolean expired = !row.expiresAt.isAfter(clock.instant());
    if (row.state != wanted && (row.state != State.PENDING || expired)) {
      throw new Refusal(
          EnrollmentProblem.DECIDED_ALREADY,
          "The unit " + (expired ? "has waited too long" : "was " + row.state.word()) + ".");
    }
    return row;
  }

  void decide(FirstContactRow row, State state, @Nullable String reason, Actor actor) {
    row.state = state;
    row.decidedAt = clock.instant().truncatedTo(ChronoUnit.MICROS);
    row.decidedBy = actor.id();
    row.reason = reason;
  }
}
