package io.sallyport.devices;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.SharedReads;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.security.auth.x500.X500Principal;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** From an IDevID to the anchor that speaks for it, completed by authorities that earlier chains brought. */
final class TrustPaths {
  /** Authorities of one name, for instance before and after a new key. */
  private static final int MOST_OF_A_NAME = 4;
  /** How many chains are tried for one IDevID: each costs signatures to be checked. */
  private static final int MOST_TRIES = 8;

  /** A manufacturer has a few; a stolen authority could sign any number. */
  private static final int MOST_KEPT = 64;

  private static final String KEEP = """
      insert into manufacturer_intermediate (digest, anchor, subject, certificate, kept_at)
      select ?, ?, ?, ?, ? where (select count(*) from manufacturer_intermediate where anchor = ?) < ?
      on conflict (digest) do nothing""";
  private static final String ANCHORS = """
      select t.digest, m.id, m.name, t.certificate, t.models, t.serial_patterns, t.not_before, t.not_after,
        t.lists_required, t.subject,
        array(select distrusted_key from trust_anchor where distrusted_key is not null)
      from trust_anchor t join manufacturer m on m.id = t.manufacturer where t.subject = any (?)""";
  private static final String NAMED = """
      select asked.subject, kept.certificate from unnest(?) as asked (subject) cross join lateral (
        select certificate from manufacturer_intermediate where subject = asked.subject order by kept_at desc limit ?) kept""";
  private static final String UNDER =
      "select certificate from manufacturer_intermediate where anchor = ?";
  private static final String KEPT =
      "select digest from manufacturer_intermediate where digest = any (?)";

  private final DataSource database;
  private final SharedReads<String, List<Known>> anchors;
  private final SharedReads<String, List<X509Certificate>> named;
  private final SharedReads<String, Boolean> keptDigests;
  private final ReentrantLock keeping = new ReentrantLock();

  TrustPaths(DataSource database) {
    this.database = database;
    this.anchors = new SharedReads<>("trust-anchors", this::anchors);
    this.named = new SharedReads<>("manufacturers-authorities-named", this::named);
    this.keptDigests = new SharedReads<>("manufacturers-authorities", this::keptDigests);
  }

  /**
   * A registered anchor.
   *
   * @param distrusted the keys that nobody is believed through, whoever's they were
   */
  record Known(
      Digest digest,
      UUID manufacturerId,
      String manufacturer,
      X509Certificate certificate,
      AnchorTerms terms,
      Set<Digest> distrusted) {}

  /**
   * An anchor and what it certifies.
   *
   * @param certificates leaf first, without the anchor
   */
  record TrustPath(Known anchor, List<X509Certificate> certificates) {}

  /** Of two anchors on one chain the one nearer to the device speaks for it. */
  Optional<TrustPath> find(List<X509Certificate> chain, Instant now) {
    List<List<X509Certificate>> tries = new ArrayList<>(List.of(chain));
    for (int next = 0; next < tries.size(); next++) {
      List<X509Certificate> path = tries.get(next);
      Optional<TrustPath> found = nearest(path, now);
      if (found.isPresent()) {
        return found;
      }
      if (path.size() < TrustAnchors.LONGEST_CHAIN) {
        for (X509Certificate issuer : kept(path.getLast())) {
          if (tries.size() < MOST_TRIES && !path.contains(issuer)) {
            List<X509Certificate> longer = new ArrayList<>(path);
            longer.add(issuer);
            tries.add(longer);
          }
        }
      }
    }
    return Optional.empty();
  }

  private Optional<TrustPath> nearest(List<X509Certificate> chain, Instant now) {
    return chain.stream()
        .map(link -> name(link.getIssuerX500Principal()))
        .distinct()
        .flatMap(issuer -> anchors.find(issuer).stream().flatMap(List::stream))
        .map(anchor -> new TrustPath(
            anchor, chain.subList(0, TrustAnchors.certified(anchor.certificate, chain, now))))
        .filter(found -> !found.certificates.isEmpty())
        .min(Comparator.comparingInt(found -> found.certificates.size()));
  }

  private Map<String, List<Known>> anchors(Set<String> subjects) {
    Map<String, List<Known>> found = new HashMap<>();
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(ANCHORS)) {
      query.setArray(1, connection.createArrayOf("text", subjects.toArray()));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          found.computeIfAbsent(row.getString(10), subject -> new ArrayList<>()).add(known(row));
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException("trust anchors could not be read", e);
    }
    return found;
  }

  private static Known known(ResultSet row) throws SQLException {
    return new Known(
        Digest.ofHex(row.getString(1)),
        row.getObject(2, UUID.class),
        row.getString(3),
        TrustAnchors.parse(Der.of(row.getBytes(4))),
        new AnchorTerms(
            texts(row, 5),
            texts(row, 6).stream().map(SerialPattern::new).toList(),
            instant(row, 7),
            instant(row, 8),
            row.getBoolean(9)),
        Stream.of((byte[][]) row.getArray(11).getArray())
            .map(Digest::ofOctets)
            .collect(Collectors.toUnmodifiableSet()));
  }

  private static List<String> texts(ResultSet row, int column) throws SQLException {
    return List.of((String[]) row.getArray(column).getArray());
  }

  private static @Nullable Instant instant(ResultSet row, int column) throws SQLException {
    OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
    return time == null ? null : time.toInstant();
  }

  private List<X509Certificate> kept(X509Certificate last) {
    return named.find(name(last.getIssuerX500Principal())).orElse(List.of());
  }

  private Map<String, List<X509Certificate>> named(Set<String> subjects) {
    Map<String, List<X509Certificate>> found = new HashMap<>();
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(NAMED)) {
      query.setArray(1, connection.createArrayOf("text", subjects.toArray()));
      query.setInt(2, MOST_OF_A_NAME);
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          found
              .computeIfAbsent(row.getString(1), subject -> new ArrayList<>())
              .add(TrustAnchors.parse(Der.of(row.getBytes(2))));
        }
      }
    } catch (SQLException e) {
      throw unreadable(e);
    }
    return found;
  }

  /** The kept authorities under an anchor. */
  List<X509Certificate> under(String anchor) {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(UNDER)) {
      query.setString(1, anchor);
      List<X509Certificate> found = new ArrayList<>();
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          found.add(TrustAnchors.parse(Der.of(row.getBytes(1))));
        }
      }
      return found;
    } catch (SQLException e) {
      throw unreadable(e);
    }
  }

  private static IllegalStateException unreadable(SQLException cause) {
    return new IllegalStateException("manufacturers' authorities could not be read", cause);
  }

  /** Keeps the authorities of a path that may be taken. */
  void keep(Digest anchor, List<X509Certificate> path, Instant now) {
    for (X509Certificate authority : path.subList(1, path.size())) {
      byte[] octets = octets(authority);
      String digest = Digest.of(octets).hex();
      if (keptDigests.find(digest).isPresent()) {
        continue;
      }
      // A line that turns to a new authority brings it by all its devices at once: one is enough.
      if (!keeping.tryLock()) {
        continue;
      }
      try {
        if (keptDigests.find(digest).isEmpty()) {
          keep(anchor.hex(), digest, authority, octets, now);
        }
      } finally {
        keeping.unlock();
      }
    }
  }

  private Map<String, Boolean> keptDigests(Set<String> digests) {
    Map<String, Boolean> found = new HashMap<>();
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(KEPT)) {
      query.setArray(1, connection.createArrayOf("text", digests.toArray()));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          found.put(row.getString(1), true);
        }
      }
    } catch (SQLException e) {
      throw unreadable(e);
    }
    return found;
  }

  private void keep(
      String anchor, String digest, X509Certificate authority, byte[] octets, Instant now) {
    try (Connection connection = database.getConnection();
        PreparedStatement insert = connection.prepareStatement(KEEP)) {
      insert.setString(1, digest);
      insert.setString(2, anchor);
      insert.setString(3, name(authority.getSubjectX500Principal()));
      insert.setBytes(4, octets);
      insert.setObject(5, now.atOffset(ZoneOffset.UTC));
      insert.setString(6, anchor);
      insert.setInt(7, MOST_KEPT);
      insert.executeUpdate();
    } catch (SQLException e) {
      throw new IllegalStateException("a manufacturer's authority could not be kept", e);
    }
  }

  static String name(X500Principal name) {
    return name.getName(X500Principal.CANONICAL);
  }

  static byte[] octets(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a certificate that was read cannot be written", e);
    }
  }
}
