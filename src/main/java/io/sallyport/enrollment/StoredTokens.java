package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.PkiProblem;
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
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Tokens in the database, by digest. */
@ApplicationScoped
class StoredTokens implements EnrollmentTokens {
  private static final int SECRET_OCTETS = 32;
  private static final int LONGEST_SECRET = 256;
  private static final Duration LONGEST_LIFETIME = Duration.ofDays(90);

  private static final UUID NO_ID = new UUID(0, 0);

  private static final String OF_SITES = """
      select found.* from unnest(string_to_array(:sites, ',')) as seen (site)
      cross join lateral (
        select t.* from device d join enrollment_token t on t.device = d.id
        where d.site = seen.site and (d.id, t.id) > (:device, :token)
        order by d.id, t.id limit :most) as found
      order by found.device, found.id limit :most""";

  private final EntityManager entities;
  private final Devices devices;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  StoredTokens(EntityManager entities, Devices devices, Audit audit, Ids ids, Clock clock) {
    this.entities = entities;
    this.devices = devices;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  @Transactional
  public Minted create(UUID device, Duration lifetime, Actor actor) {
    if (lifetime.isNegative() || lifetime.isZero() || lifetime.compareTo(LONGEST_LIFETIME) > 0) {
      throw new Refusal(
          EnrollmentProblem.INVALID_LIFETIME, "A token may live for 90 days at most.");
    }
    devices.require(devices.get(device), Operation.ENROLL);
    String secret = ids.secret(SECRET_OCTETS);
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    EnrollmentTokenRow row = new EnrollmentTokenRow(
        ids.next(), digest(secret).octets(), device, now, now.plus(lifetime));
    entities.persist(row);
    audit.record(Fact.of("token.created", actor, "device", device)
        .with("token", row.id)
        .with("expires_at", row.expiresAt));
    return new Minted(row.token(), secret);
  }

  @Override
  @Transactional
  public Page<EnrollmentToken> list(Set<String> sites, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    return sites.isEmpty() ? all(cursor, most) : ofSites(sites, cursor, most);
  }

  private Page<EnrollmentToken> all(@Nullable String cursor, int most) {
    UUID after = cursor == null ? NO_ID : id(cursor);
    List<EnrollmentToken> rows = entities
        .createQuery(
            "from EnrollmentTokenRow where id > :after order by id", EnrollmentTokenRow.class)
        .setParameter("after", after)
        .setMaxResults(most + 1)
        .getResultStream()
        .map(EnrollmentTokenRow::token)
        .toList();
    return Page.cut(rows, most, token -> token.id().toString());
  }

  /** Along the index of each site's devices, so that a page costs the same however many tokens other sites have. */
  private Page<EnrollmentToken> ofSites(Set<String> sites, @Nullable String cursor, int most) {
    String[] after = cursor == null ? new String[] {"", ""} : cursor.split("/", 2);
    if (after.length != 2) {
      throw wrongCursor();
    }
    List<EnrollmentToken> rows = entities
        .createNativeQuery(OF_SITES, EnrollmentTokenRow.class)
        .setParameter("sites", String.join(",", sites))
        .setParameter("device", cursor == null ? NO_ID : id(after[0]))
        .setParameter("token", cursor == null ? NO_ID : id(after[1]))
        .setParameter("most", most + 1)
        .getResultStream()
        .map(row -> ((EnrollmentTokenRow) row).token())
        .toList();
    return Page.cut(rows, most, token -> token.device() + "/" + token.id());
  }

  private static UUID id(String cursor) {
    try {
      return UUID.fromString(cursor);
    } catch (IllegalArgumentException e) {
      throw wrongCursor();
    }
  }

  private static Refusal wrongCursor() {
    return new Refusal(CommonProblem.MALFORMED, "The cursor is not one that this server gave.");
  }

  /** The token with this secret; refuses with {@code wrong-token}. Whether it was used is for {@link #consume} to say. */
  @Transactional
  EnrollmentToken check(String secret) {
    EnrollmentTokenRow row = secret.length() > LONGEST_SECRET
        ? null
        : entities
            .createQuery("from EnrollmentTokenRow where digest = :digest", EnrollmentTokenRow.class)
            .setParameter("digest", digest(secret).octets())
            .getSingleResultOrNull();
    if (row == null || row.usedBy == null && row.expiresAt.isBefore(clock.instant())) {
      throw new Refusal(
          EnrollmentProblem.WRONG_TOKEN, "The enrollment token is unknown or has expired.");
    }
    return row.token();
  }

  /** In the issuing transaction: spends the token on one order, which may come again. */
  @Transactional(Transactional.TxType.MANDATORY)
  void consume(UUID token, Digest request) {
    EnrollmentTokenRow row =
        entities.find(EnrollmentTokenRow.class, token, LockModeType.PESSIMISTIC_WRITE);
    entities.refresh(row);
    if (row.usedBy == null) {
      row.usedBy = request.hex();
      row.usedAt = clock.instant().truncatedTo(ChronoUnit.MICROS);
    } else if (!row.usedBy.equals(request.hex())) {
      throw new Refusal(PkiProblem.AUTHENTICATION_SPENT, "The token was used; ask for a new one.");
    }
  }

  static Digest digest(String secret) {
    return Digest.of(secret.getBytes(StandardCharsets.UTF_8));
  }
}
