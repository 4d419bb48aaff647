package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.Issuance.Order;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.persistence.TypedQuery;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Requests for approval in the database. */
@ApplicationScoped
class StoredApprovals implements Approvals {
  private static final Duration LIFETIME = Duration.ofDays(30);

  /** A device that makes a new key for each attempt fills nobody's list. */
  private static final long MOST_PER_DEVICE = 8;

  private static final Duration SHORTEST_WAIT = Duration.ofMinutes(1);
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(15);
  /** Up to a quarter more, by the request's own key: what was asked at once comes back one after the other. */
  private static final int SPREAD = 4 * 256;

  private static final String ASK = """
      insert into enrollment_request (id, key, device, profile, key_digest, state, asked_at, expires_at)
      values (:id, :key, :device, :profile, :digest, 'PENDING', :now, :expires) on conflict (key) do nothing""";

  private final EntityManager entities;
  private final Devices devices;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  StoredApprovals(EntityManager entities, Devices devices, Audit audit, Ids ids, Clock clock) {
    this.entities = entities;
    this.devices = devices;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  /**
   * How long to wait before asking again, empty once it is approved; refuses with {@code request-rejected}. The same
   * request again is the same row: what authenticates it, its key and its profile tell it.
   */
  @Transactional
  Optional<Duration> pending(UUID device, Order order) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    byte[] key = key(order);
    Optional<EnrollmentRequestRow> known = byKey(key);
    if (known.isEmpty() || known.get().expiresAt.isBefore(now)) {
      known = Optional.of(ask(device, order, key, now));
    }
    EnrollmentRequestRow row = known.orElseThrow();
    return switch (row.state) {
      case PENDING -> Optional.of(wait(row, now));
      case APPROVED -> Optional.empty();
      case REJECTED ->
        throw new Refusal(
            EnrollmentProblem.REQUEST_REJECTED,
            "The request was rejected: \"" + row.reason + "\".");
    };
  }

  private static byte[] key(Order order) {
    return Digest.of(
            (order.authentication() + "\n" + order.subjectPublicKeyInfo().digest() + "\n"
                    + order.certificateProfile().name())
                .getBytes(StandardCharsets.UTF_8))
        .octets();
  }

  private Optional<EnrollmentRequestRow> byKey(byte[] key) {
    return entities
        .createQuery("from EnrollmentRequestRow where key = :key", EnrollmentRequestRow.class)
        .setParameter("key", key)
        .getResultStream()
        .findFirst();
  }

  private EnrollmentRequestRow ask(UUID device, Order order, byte[] key, Instant now) {
    // One at a time for a device, so that the bound holds.
    devices.lock(device);
    entities.clear();
    entities
        .createQuery("delete EnrollmentRequestRow where device = :device and expiresAt < :now")
        .setParameter("device", device)
        .setParameter("now", now)
        .executeUpdate();
    long waiting = entities
        .createQuery(
            "select count(*) from EnrollmentRequestRow where device = :device and state = :pending and key <> :key",
            Long.class)
        .setParameter("device", device)
        .setParameter("pending", State.PENDING)
        .setParameter("key", key)
        .getSingleResult();
    if (waiting >= MOST_PER_DEVICE) {
      throw new Refusal(
          CommonProblem.TOO_MANY_REQUESTS,
          "This device has " + waiting
              + " requests that wait for approval; repeat one of them, or have them decided.");
    }
    UUID id = ids.next();
    int made = entities
        .createNativeQuery(ASK)
        .setParameter("id", id)
        .setParameter("key", key)
        .setParameter("device", device)
        .setParameter("profile", order.certificateProfile().name())
        .setParameter("digest", order.subjectPublicKeyInfo().digest().octets())
        .setParameter("now", now)
        .setParameter("expires", now.plus(LIFETIME))
        .executeUpdate();
    if (made > 0) {
      audit.record(Fact.of("enrollment-request.made", Actor.device(device), "device", device)
          .with("request", id)
          .with("profile", order.certificateProfile().name())
          .with("key", order.subjectPublicKeyInfo().digest().hex()));
    }
    return byKey(key).orElseThrow();
  }

  /** As long as it waits already, within bounds: twice as long each time. */
  private static Duration wait(EnrollmentRequestRow row, Instant now) {
    Duration age = Duration.between(row.askedAt, now);
    Duration wait = age.compareTo(LONGEST_WAIT) > 0
        ? LONGEST_WAIT
        : age.compareTo(SHORTEST_WAIT) < 0 ? SHORTEST_WAIT : age;
    return wait.plus(wait.multipliedBy(row.key[0] & 0xff).dividedBy(SPREAD));
  }

  @Override
  @Transactional
  public Page<EnrollmentRequest> list(
      Set<String> sites, @Nullable State state, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    TypedQuery<EnrollmentRequestRow> query = entities.createQuery(
        "from EnrollmentRequestRow r where r.id > :after"
            + (state == null ? "" : " and r.state = :state")
            + (sites.isEmpty()
                ? ""
                : " and exists (select 1 from DeviceRow d where d.id = r.device and d.site in (:sites))")
            + " order by r.id",
        EnrollmentRequestRow.class);
    query.setParameter("after", IdCursor.after(cursor));
    if (state != null) {
      query.setParameter("state", state);
    }
    if (!sites.isEmpty()) {
      query.setParameter("sites", sites);
    }
    List<EnrollmentRequest> rows = query
        .setMaxResults(most + 1)
        .getResultStream()
        .map(EnrollmentRequestRow::request)
        .toList();
    return Page.cut(rows, most, last -> last.id().toString());
  }

  @Override
  @Transactional
  public EnrollmentRequest approve(UUID id, Set<String> sites, Actor actor) {
    return decide(id, sites, State.APPROVED, null, actor);
  }

  @Override
  @Transactional
  public EnrollmentRequest reject(UUID id, Set<String> sites, String reason, Actor actor) {
    return decide(id, sites, State.REJECTED, reason, actor);
  }

  private EnrollmentRequest decide(
      UUID id, Set<String> sites, State decision, @Nullable String reason, Actor actor) {
    EnrollmentRequestRow row =
        entities.find(EnrollmentRequestRow.class, id, LockModeType.PESSIMISTIC_WRITE);
    if (row == null) {
      throw unknown();
    }
    try {
      devices.get(row.device, sites);
    } catch (Refusal elsewhere) {
      throw unknown();
    }
    if (row.state == decision) {
      return row.request();
    }
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    if (row.state != State.PENDING || row.expiresAt.isBefore(now)) {
      throw new Refusal(
          EnrollmentProblem.DECIDED_ALREADY,
          row.state == State.PENDING
              ? "The request has expired; the device has to ask again."
              : "The request was " + row.state.word() + " already.");
    }
    row.state = decision;
    row.decidedAt = now;
    row.decidedBy = actor.id();
    row.reason = reason;
    Fact fact = Fact.of("enrollment-request." + decision.word(), actor, "device", row.device)
        .with("request", id)
        .with("key", Digest.ofOctets(row.keyDigest).hex());
    audit.record(reason == null ? fact : fact.with("reason", reason));
    return row.request();
  }

  private static Refusal unknown() {
    return new Refusal(
        EnrollmentProblem.UNKNOWN_ENROLLMENT_REQUEST, "No enrollment request has this id.");
  }
}
