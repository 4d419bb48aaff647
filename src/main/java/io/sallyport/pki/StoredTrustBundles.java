package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.pki.Authorities.Authority;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.ByteArrayOutputStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;

/** Bundles made from the authorities in memory; which device has which is in the database. */
@ApplicationScoped
class StoredTrustBundles implements TrustBundles {
  /** The same again within it is not written. */
  private static final Duration KNOWN_FOR = Duration.ofHours(1);

  /** Authorities end by time alone, too. */
  private static final Duration FRESH = Duration.ofMinutes(1);

  private static final String BUNDLE =
      "insert into trust_bundle (digest, authorities) values (?, ?) on conflict do nothing";
  private static final String FETCHED = """
      insert into device_trust_bundle as known (device, bundle, fetched_at) values (?, ?, ?)
      on conflict (device) do update set bundle = excluded.bundle, fetched_at = excluded.fetched_at
      where known.bundle <> excluded.bundle or known.fetched_at < ?""";
  private static final String OF_DEVICE = """
      select f.bundle, f.fetched_at, b.authorities from device_trust_bundle f
      join trust_bundle b on b.digest = f.bundle where f.device = ?""";
  private static final String HOLDERS = """
      select count(*) from trust_bundle b join device_trust_bundle f on f.bundle = b.digest
      where ? = any (b.authorities)""";

  private final Authorities authorities;
  private final DataSource database;
  private final Clock clock;
  private volatile Made made = new Made(List.of(), Instant.MIN, new ConcurrentHashMap<>());

  StoredTrustBundles(Authorities authorities, DataSource database, Clock clock) {
    this.authorities = authorities;
    this.database = database;
    this.clock = clock;
  }

  /** Bundles of the authorities as they were. */
  private record Made(List<Authority> of, Instant at, Map<String, Bundle> byName) {}

  @Override
  public Bundle of(String authority) {
    List<Authority> all = authorities.list();
    Made known = made;
    Instant now = clock.instant();
    if (known.of != all || known.at.isBefore(now.minus(FRESH))) {
      known = new Made(all, now, new ConcurrentHashMap<>());
      made = known;
    }
    return known.byName.computeIfAbsent(
        authorities.issuing(authority).name(), name -> bundle(name, all));
  }

  private Bundle bundle(String name, List<Authority> all) {
    Set<String> names = related(name, all);
    Instant now = clock.instant();
    Set<Der> certificates = new LinkedHashSet<>();
    List<String> in = new ArrayList<>();
    for (String one : names) {
      Authority authority = authorities.get(one);
      // Those that ended or were revoked are nothing to trust; its own is there in any case.
      if (one.equals(name) || authority.distrust() == null && isLive(authority, now)) {
        certificates.add(authority.certificate());
        in.add(one);
      }
    }
    in.forEach(one -> authorities.get(one).crosses().stream()
        .filter(cross -> in.contains(cross.issuer()))
        .forEach(cross -> certificates.add(cross.certificate())));
    return new Bundle(digest(certificates), List.copyOf(certificates), in);
  }

  private static boolean isLive(Authority authority, Instant now) {
    return CertificateParts.tbs(authority.certificate())
        .getEndDate()
        .getDate()
        .toInstant()
        .isAfter(now);
  }

  /** Itself, what is above it, and all that follows these or that they follow. */
  private static Set<String> related(String name, List<Authority> all) {
    Set<String> names = new LinkedHashSet<>(Set.of(name));
    boolean grown = true;
    while (grown) {
      grown = false;
      for (Authority one : all) {
        if (names.contains(one.name())) {
          grown |= names.add(one.issuer());
          grown |= one.successor() != null && names.add(one.successor());
        } else if (one.successor() != null && names.contains(one.successor())) {
          grown |= names.add(one.name());
        }
      }
    }
    return names;
  }

  private static Digest digest(Set<Der> certificates) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    certificates.stream()
        .map(certificate -> certificate.digest().octets())
        .sorted(Arrays::compareUnsigned)
        .forEach(all::writeBytes);
    return Digest.of(all.toByteArray());
  }

  @Override
  public void fetched(UUID device, Bundle bundle) {
    OffsetDateTime now = clock.instant().atOffset(ZoneOffset.UTC);
    try (Connection connection = database.getConnection();
        PreparedStatement known = connection.prepareStatement(BUNDLE);
        PreparedStatement fetched = connection.prepareStatement(FETCHED)) {
      known.setBytes(1, bundle.digest().octets());
      known.setArray(2, connection.createArrayOf("text", bundle.authorities().toArray()));
      known.executeUpdate();
      fetched.setObject(1, device);
      fetched.setBytes(2, bundle.digest().octets());
      fetched.setObject(3, now);
      fetched.setObject(4, now.minus(KNOWN_FOR));
      fetched.executeUpdate();
    } catch (SQLException e) {
      throw new IllegalStateException("what a device fetched cannot be noted", e);
    }
  }

  @Override
  public Optional<Fetched> fetched(UUID device) {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(OF_DEVICE)) {
      query.setObject(1, device);
      try (ResultSet row = query.executeQuery()) {
        return row.next()
            ? Optional.of(new Fetched(
                Digest.ofOctets(row.getBytes(1)),
                row.getObject(2, OffsetDateTime.class).toInstant(),
                List.of((String[]) row.getArray(3).getArray())))
            : Optional.empty();
      }
    } catch (SQLException e) {
      throw new IllegalStateException("what a device fetched cannot be read", e);
    }
  }

  @Override
  public long holders(String authority) {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(HOLDERS)) {
      query.setString(1, authority);
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    } catch (SQLException e) {
      throw new IllegalStateException("who trusts an authority cannot be counted", e);
    }
  }
}
