package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.DeviceProblem;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.devices.Devices;
import io.sallyport.devices.Manufacturers;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.kernel.SharedReads;
import io.sallyport.pki.CertificateProfiles;
import io.sallyport.pki.PkiProblem;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;
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
        (select t.* from device d join enrollment_token t on t.device = d.id
         where d.site = seen.site and (d.id, t.id) > (:device, :token)
         order by d.id, t.id limit :most)
        union all
        (select t.* from enrollment_token t
         where t.device is null and t.site = seen.site and (:none, t.id) > (:device, :token)
         order by t.id limit :most)) as found
      order by coalesce(found.device, :none), found.id limit :most""";
  private static final String SEEN = """
      select 1 from enrollment_token t left join device d on d.id = t.device
      where t.id = :token and coalesce(d.site, t.site) = any (string_to_array(:sites, ','))""";

  private final EntityManager entities;
  private final DataSource database;
  private final SharedReads<Digest, EnrollmentToken> byDigest;
  private final Devices devices;
  private final Manufacturers manufacturers;
  private final CertificateProfiles profiles;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  StoredTokens(
      EntityManager entities,
      DataSource database,
      Devices devices,
      Manufacturers manufacturers,
      CertificateProfiles profiles,
      Audit audit,
      Ids ids,
      Clock clock) {
    this.entities = entities;
    this.database = database;
    this.byDigest = new SharedReads<>("tokens", this::read);
    this.devices = devices;
    this.manufacturers = manufacturers;
    this.profiles = profiles;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  @Transactional
  public Minted create(Coverage coverage, int uses, Duration lifetime, Actor actor) {
    if (lifetime.isNegative() || lifetime.isZero() || lifetime.compareTo(LONGEST_LIFETIME) > 0) {
      throw new Refusal(
          EnrollmentProblem.INVALID_LIFETIME, "A token may live for 90 days at most.");
    }
    if (uses < 1 || uses > MOST_USES) {
      throw invalid("A token has 1 to " + MOST_USES + " uses.");
    }
    check(coverage);
    String secret = ids.secret(SECRET_OCTETS);
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    EnrollmentTokenRow row = new EnrollmentTokenRow(
        ids.next(), digest(secret).octets(), coverage, uses, now, now.plus(lifetime));
    entities.persist(row);
    audit.record(created(row, coverage, actor));
    return new Minted(row.token(), secret);
  }

  private void check(Coverage coverage) {
    UUID device = coverage.device();
    if (device != null) {
      if (coverage.manufacturer() != null
          || coverage.site() != null
          || coverage.serialNumbers() != null) {
        throw invalid(
            "A token is for one device, or for those of a manufacturer; leave one of the two out.");
      }
      devices.require(devices.get(device), Operation.ENROLL);
    } else {
      String manufacturer = coverage.manufacturer();
      if (manufacturer == null) {
        throw invalid("Say which device the token is for, or which manufacturer's devices.");
      }
      if (manufacturers.find(manufacturer).isEmpty()) {
        throw new Refusal(
            DeviceProblem.UNKNOWN_MANUFACTURER,
            "Register the manufacturer \"" + manufacturer + "\" first.");
      }
    }
    String network = coverage.network();
    if (network != null) {
      try {
        AddressBlock.parse(network);
      } catch (IllegalArgumentException notOne) {
        throw invalid("The network must be one such as 10.0.0.0/8 or fd00::/8.");
      }
    }
    String profile = coverage.certificateProfile();
    if (profile != null && profiles.forDevices(profile).isEmpty()) {
      throw new Refusal(
          PkiProblem.UNKNOWN_CERTIFICATE_PROFILE,
          "No certificate profile for devices is called \"" + profile + "\".");
    }
  }

  private static Fact created(EnrollmentTokenRow row, Coverage coverage, Actor actor) {
    Fact fact = coverage.device() == null
        ? Fact.of("token.created", actor, "manufacturer", String.valueOf(coverage.manufacturer()))
        : Fact.of("token.created", actor, "device", coverage.device());
    fact = fact.with("token", row.id).with("expires_at", row.expiresAt).with("uses", row.uses);
    if (row.site != null) {
      fact = fact.with("site", row.site);
    }
    if (row.serialPattern != null) {
      fact = fact.with("serial_numbers", row.serialPattern);
    }
    if (row.network != null) {
      fact = fact.with("network", row.network);
    }
    return row.profile == null ? fact : fact.with("certificate_profile", row.profile);
  }

  private static Refusal invalid(String detail) {
    return new Refusal(EnrollmentProblem.INVALID_TOKEN, detail);
  }

  @Override
  @Transactional
  public void withdraw(UUID token, Set<String> sites, Actor actor) {
    EnrollmentTokenRow row =
        entities.find(EnrollmentTokenRow.class, token, LockModeType.PESSIMISTIC_WRITE);
    if (row == null || !seen(token, sites)) {
      throw new Refusal(EnrollmentProblem.UNKNOWN_TOKEN, "No such enrollment token.");
    }
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    if (row.expiresAt.isAfter(now)) {
      row.expiresAt = now;
      audit.record(Fact.of("token.withdrawn", actor, "token", token).with("used", row.used));
    }
  }

  private boolean seen(UUID token, Set<String> sites) {
    return sites.isEmpty()
        || entities
                .createNativeQuery(SEEN)
                .setParameter("token", token)
                .setParameter("sites", String.join(",", sites))
                .getSingleResultOrNull()
            != null;
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
        .setParameter("none", NO_ID)
        .setParameter("device", cursor == null ? NO_ID : id(after[0]))
        .setParameter("token", cursor == null ? NO_ID : id(after[1]))
        .setParameter("most", most + 1)
        .getResultStream()
        .map(row -> ((EnrollmentTokenRow) row).token())
        .toList();
    return Page.cut(
        rows,
        most,
        token -> Objects.requireNonNullElse(token.coverage().device(), NO_ID) + "/" + token.id());
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

  /**
   * The token with this secret; refuses with {@code wrong-token}. Whether it was used is for {@link TokenUses} to say.
   * In no transaction: concurrent ones share a query.
   */
  EnrollmentToken check(String secret) {
    Optional<EnrollmentToken> token =
        secret.length() > LONGEST_SECRET ? Optional.empty() : byDigest.find(digest(secret));
    return token
        .filter(one -> one.used() > 0 || one.expiresAt().isAfter(clock.instant()))
        .orElseThrow(() -> new Refusal(
            EnrollmentProblem.WRONG_TOKEN, "The enrollment token is unknown or has expired."));
  }

  private Map<Digest, EnrollmentToken> read(Set<Digest> digests) {
    try (Connection connection = database.getConnection()) {
      return new TokenTable(connection).find(digests);
    } catch (SQLException e) {
      throw new IllegalStateException("enrollment tokens could not be read", e);
    }
  }

  static Digest digest(String secret) {
    return Digest.of(secret.getBytes(StandardCharsets.UTF_8));
  }
}
