package io.sallyport.enrollment;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Devices;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.pki.CertificateProfiles;
import io.sallyport.pki.CertificateRequest;
import io.sallyport.pki.CertificateSubject;
import io.sallyport.pki.Credential;
import io.sallyport.pki.Credentials;
import io.sallyport.pki.Issuance;
import io.sallyport.pki.RevocationReason;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Stations in the database, recognised by their registered certificates. */
@ApplicationScoped
class RegisteredStations implements Stations {
  private static final Pattern NAME =
      Pattern.compile("[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?");
  private static final Pattern PLACE =
      Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N} ._@+/:-]{0,63}");
  private static final String COLUMNS =
      "select id, name, site, line, batch, created_at, key_digest from station where removed_at is null";
  private static final String BY_NAME = COLUMNS + " and name = ?";
  private static final String BY_ID = COLUMNS + " and id = ?";
  private static final String LIST = COLUMNS
      + " and name > ? and (cardinality(?::text[]) = 0 or site = any (?)) order by name limit ?";
  private static final String ADD = """
      insert into station (id, name, site, line, batch, key_digest, created_at) values (?, ?, ?, ?, ?, ?, ?)
      on conflict do nothing""";
  private static final String REMOVE =
      "update station set removed_at = ? where id = ? and removed_at is null";

  private final DataSource database;
  private final Issuance issuance;
  private final Credentials credentials;
  private final Devices devices;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  RegisteredStations(
      DataSource database,
      Issuance issuance,
      Credentials credentials,
      Devices devices,
      Audit audit,
      Ids ids,
      Clock clock) {
    this.database = database;
    this.issuance = issuance;
    this.credentials = credentials;
    this.devices = devices;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  private record Known(Station station, Digest key) {}

  @Override
  public Admission add(
      String name, String site, String line, @Nullable UUID batch, Der request, Actor actor) {
    if (!NAME.matcher(name).matches()
        || !PLACE.matcher(site).matches()
        || !PLACE.matcher(line).matches()) {
      throw new Refusal(
          EnrollmentProblem.INVALID_STATION,
          "A station's name has 1 to 63 letters, digits, dots or hyphens; site and line have 1 to 64 characters.");
    }
    CertificateRequest parsed = CertificateRequest.read(request);
    Digest key = parsed.subjectPublicKeyInfo().digest();
    Station station = QuarkusTransaction.requiringNew()
        .call(() -> registered(name, site, line, batch, key, actor));
    Credential credential = issuance.issue(
        new Issuance.Order(
            subject(station),
            CertificateProfiles.internal(CertificateProfiles.STATION),
            parsed.subjectPublicKeyInfo(),
            Digest.of(("station:" + station.id()).getBytes(StandardCharsets.UTF_8)),
            false,
            "CN=" + name + ",O=Sallyport station",
            List.of()),
        digest -> {
          devices.reserveKey(key);
          // One that was removed meanwhile gets none.
          if (one(BY_ID, station.id()).isEmpty()) {
            throw unknown(name);
          }
        },
        actor);
    return new Admission(station, credential);
  }

  private static CertificateSubject subject(Station station) {
    return new CertificateSubject(CertificateSubject.Kind.STATION, station.id().toString());
  }

  private Station registered(
      String name, String site, String line, @Nullable UUID batch, Digest key, Actor actor) {
    Optional<Known> known = one(BY_NAME, name);
    if (known.isEmpty()) {
      devices.reserveKey(key);
      UUID id = ids.next();
      if (insert(id, name, site, line, batch, key)) {
        audit.record(Fact.of("station.added", actor, "station", id)
            .with("name", name)
            .with("site", site)
            .with("line", line)
            .with("batch", batch == null ? "all" : batch.toString()));
      }
      known = one(BY_NAME, name);
    }
    Station station = known
        .filter(found -> found.key.equals(key)
            && found.station.site().equals(site)
            && found.station.line().equals(line))
        .map(Known::station)
        .orElseThrow(
            () -> new Refusal(
                EnrollmentProblem.STATION_EXISTS,
                "\"" + name
                    + "\" is registered with another key or place; remove it first or choose another name."));
    return station;
  }

  private boolean insert(
      UUID id, String name, String site, String line, @Nullable UUID batch, Digest key) {
    try (Connection connection = database.getConnection();
        PreparedStatement add = connection.prepareStatement(ADD)) {
      add.setObject(1, id);
      add.setString(2, name);
      add.setString(3, site);
      add.setString(4, line);
      add.setObject(5, batch);
      add.setBytes(6, key.octets());
      add.setObject(7, now());
      return add.executeUpdate() == 1;
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  private OffsetDateTime now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS).atOffset(ZoneOffset.UTC);
  }

  private static IllegalStateException failed(SQLException e) {
    return new IllegalStateException("stations could not be read or written", e);
  }

  private Optional<Known> one(String sql, Object parameter) {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(sql)) {
      query.setObject(1, parameter);
      return read(query).stream().findFirst();
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  private static List<Known> read(PreparedStatement query) throws SQLException {
    List<Known> found = new ArrayList<>();
    try (ResultSet row = query.executeQuery()) {
      while (row.next()) {
        found.add(new Known(
            new Station(
                row.getObject(1, UUID.class),
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getObject(5, UUID.class),
                row.getObject(6, OffsetDateTime.class).toInstant()),
            Digest.ofOctets(row.getBytes(7))));
      }
    }
    return found;
  }

  @Override
  @Transactional
  public Page<Station> list(Set<String> sites, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(LIST)) {
      query.setString(1, cursor == null ? "" : cursor);
      query.setArray(2, connection.createArrayOf("text", sites.toArray()));
      query.setArray(3, connection.createArrayOf("text", sites.toArray()));
      query.setInt(4, most + 1);
      return Page.cut(read(query).stream().map(Known::station).toList(), most, Station::name);
    } catch (SQLException e) {
      throw failed(e);
    }
  }

  @Override
  @Transactional
  public Station get(String name, Set<String> sites) {
    return one(BY_NAME, name)
        .map(Known::station)
        .filter(station -> sites.isEmpty() || sites.contains(station.site()))
        .orElseThrow(() -> unknown(name));
  }

  @Override
  @Transactional
  public void remove(String name, Set<String> sites, Actor actor) {
    Station station = one(BY_NAME, name)
        .map(Known::station)
        .filter(found -> sites.isEmpty() || sites.contains(found.site()))
        .orElseThrow(() -> unknown(name));
    try (Connection connection = database.getConnection();
        PreparedStatement remove = connection.prepareStatement(REMOVE)) {
      remove.setObject(1, now());
      remove.setObject(2, station.id());
      remove.executeUpdate();
    } catch (SQLException e) {
      throw failed(e);
    }
    credentials.revokeAll(subject(station), RevocationReason.CESSATION_OF_OPERATION, actor);
    audit.record(Fact.of("station.removed", actor, "station", station.id()).with("name", name));
  }

  private static Refusal unknown(String name) {
    return new Refusal(
        EnrollmentProblem.UNKNOWN_STATION, "No station is registered as \"" + name + "\".");
  }

  @Override
  @Transactional
  public Station recognise(Digest thumbprint) {
    return credentials
        .byThumbprint(thumbprint)
        .filter(found -> found.subject().kind() == CertificateSubject.Kind.STATION
            && found.liveAt(clock.instant()))
        .flatMap(found -> one(BY_ID, UUID.fromString(found.subject().id())))
        .map(Known::station)
        .orElseThrow(() -> new Refusal(
            CommonProblem.UNAUTHENTICATED,
            "Connect with the certificate of a registered station."));
  }
}
