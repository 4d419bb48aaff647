package io.sallyport.devices;

import io.sallyport.devices.Anchor.TakenList;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Refusal;
import io.sallyport.kernel.SharedReads;
import java.io.ByteArrayInputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x509.Extension;
import org.jspecify.annotations.Nullable;

/** Manufacturers' revocation lists (RFC 5280 §5). Works in the caller's transaction. */
final class AnchorLists {
  /** A list of a megabyte has a third of it. */
  private static final int MOST_ENTRIES = 100_000;

  private static final String STANDING = """
      select asked.anchor, asked.issuer, asked.serial, l.next_update, e.serial is not null
      from unnest(?, ?, ?) as asked (anchor, issuer, serial)
      join manufacturer_list l on l.anchor = asked.anchor and l.issuer = asked.issuer
      left join manufacturer_list_entry e
        on e.anchor = l.anchor and e.issuer = l.issuer and e.serial = asked.serial""";
  private static final String HERE =
      "select this_update, number from manufacturer_list where anchor = ? and issuer = ?";
  private static final String FORGET =
      "delete from manufacturer_list where anchor = ? and issuer = ?";
  private static final String TAKE = """
      insert into manufacturer_list (anchor, issuer, number, this_update, next_update, sha256, entries)
      values (?, ?, ?, ?, ?, ?, ?)""";
  private static final String ENTRIES = """
      insert into manufacturer_list_entry (anchor, issuer, serial)
      select distinct ?, ?, serial from unnest(?) as listed (serial)""";
  private static final String OF_MANUFACTURER = """
      select l.anchor, l.issuer, l.this_update, l.next_update, l.entries
      from manufacturer_list l join trust_anchor t on t.digest = l.anchor
      where t.manufacturer = ? order by l.anchor, l.issuer""";

  private final DataSource database;
  private final SharedReads<Link, Listed> listed;

  AnchorLists(DataSource database) {
    this.database = database;
    this.listed = new SharedReads<>("manufacturers-lists", this::listed);
  }

  /** A certificate under an anchor. */
  private record Link(String anchor, String issuer, String serial) {}

  /** What the list of its issuer says. */
  private record Listed(@Nullable Instant nextUpdate, boolean revoked) {}

  /** Refuses a path on which something is named by a list, or lacks the current list that the terms want. */
  void require(Recognition recognition, Instant now) {
    for (X509Certificate one : recognition.path()) {
      Listed found = listed
          .find(new Link(
              recognition.anchor().hex(),
              TrustPaths.name(one.getIssuerX500Principal()),
              serial(one.getSerialNumber())))
          .orElse(null);
      if (found != null && found.revoked) {
        throw new Refusal(
            DeviceProblem.REVOKED_IDEVID,
            "The manufacturer revoked the client certificate or the authority that signed it.");
      }
      Instant end = found == null ? null : found.nextUpdate;
      if (recognition.terms().listsRequired() && (end == null || !end.isAfter(now))) {
        throw new Refusal(
            DeviceProblem.NO_CURRENT_LIST,
            "There is no current revocation list of the manufacturer here; ask the operator to bring one.");
      }
    }
  }

  private Map<Link, Listed> listed(Set<Link> links) {
    List<Link> asked = List.copyOf(links);
    Map<Link, Listed> found = new HashMap<>();
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(STANDING)) {
      query.setArray(
          1, connection.createArrayOf("text", asked.stream().map(Link::anchor).toArray()));
      query.setArray(
          2, connection.createArrayOf("text", asked.stream().map(Link::issuer).toArray()));
      query.setArray(
          3, connection.createArrayOf("text", asked.stream().map(Link::serial).toArray()));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          OffsetDateTime end = row.getObject(4, OffsetDateTime.class);
          found.put(
              new Link(row.getString(1), row.getString(2), row.getString(3)),
              new Listed(end == null ? null : end.toInstant(), row.getBoolean(5)));
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException("revocation lists could not be asked", e);
    }
    return found;
  }

  static X509CRL read(Der encoded) {
    try {
      return (X509CRL) CertificateFactory.getInstance("X.509")
          .generateCRL(new ByteArrayInputStream(encoded.octets()));
    } catch (GeneralSecurityException | ClassCastException e) {
      throw bad("cannot be read");
    }
  }

  /** Takes a list of {@code issuer}'s, when it is the next one. Answers how many entries it has. */
  int take(String anchor, X509CRL list, X509Certificate issuer, Der encoded, Instant now) {
    requireSigned(list, issuer);
    if (list.getCriticalExtensionOIDs() != null
        && !list.getCriticalExtensionOIDs().isEmpty()) {
      throw bad("has a critical extension; give the issuer's whole list, no delta and no part");
    }
    Instant thisUpdate = list.getThisUpdate().toInstant();
    if (list.getNextUpdate() == null || !list.getNextUpdate().toInstant().isAfter(now)) {
      throw bad("is out of date, or does not say until when it counts");
    }
    if (thisUpdate.isAfter(now)) {
      throw bad("is not yet valid");
    }
    List<String> serials = list.getRevokedCertificates() == null
        ? List.of()
        : list.getRevokedCertificates().stream()
            .map(entry -> serial(entry.getSerialNumber()))
            .toList();
    if (serials.size() > MOST_ENTRIES) {
      throw bad("has more than " + MOST_ENTRIES + " entries");
    }
    String name = TrustPaths.name(issuer.getSubjectX500Principal());
    BigInteger number = number(list);
    try (Connection transaction = database.getConnection()) {
      requireNext(transaction, anchor, name, thisUpdate, number);
      execute(transaction, FORGET, anchor, name);
      execute(
          transaction,
          TAKE,
          anchor,
          name,
          number == null ? null : new BigDecimal(number),
          thisUpdate.atOffset(ZoneOffset.UTC),
          list.getNextUpdate().toInstant().atOffset(ZoneOffset.UTC),
          encoded.digest().hex(),
          serials.size());
      execute(
          transaction, ENTRIES, anchor, name, transaction.createArrayOf("text", serials.toArray()));
      return serials.size();
    } catch (SQLException e) {
      throw new IllegalStateException("a revocation list could not be kept", e);
    }
  }

  private static void requireSigned(X509CRL list, X509Certificate issuer) {
    boolean[] usage = issuer.getKeyUsage();
    if (usage != null && !usage[6]) {
      throw bad("is of an authority that may not sign lists");
    }
    PublicKey key = issuer.getPublicKey();
    try {
      list.verify(key);
    } catch (GeneralSecurityException e) {
      throw bad("is not signed by its issuer");
    }
  }

  private static void requireNext(
      Connection transaction,
      String anchor,
      String issuer,
      Instant thisUpdate,
      @Nullable BigInteger number)
      throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(HERE)) {
      query.setString(1, anchor);
      query.setString(2, issuer);
      try (ResultSet row = query.executeQuery()) {
        if (!row.next()) {
          return;
        }
        BigDecimal last = row.getBigDecimal(2);
        if (thisUpdate.isBefore(row.getObject(1, OffsetDateTime.class).toInstant())
            || last != null && (number == null || number.compareTo(last.toBigInteger()) < 0)) {
          throw bad("is older than the one that is here");
        }
      }
    }
  }

  private static @Nullable BigInteger number(X509CRL list) {
    byte[] extension = list.getExtensionValue(Extension.cRLNumber.getId());
    try {
      return extension == null
          ? null
          : ASN1Integer.getInstance(ASN1OctetString.getInstance(extension).getOctets())
              .getPositiveValue();
    } catch (IllegalArgumentException e) {
      throw bad("has a number that cannot be read");
    }
  }

  /** By the digest of the anchor, in hex. */
  Map<String, List<TakenList>> of(UUID manufacturer) {
    Map<String, List<TakenList>> lists = new HashMap<>();
    try (Connection transaction = database.getConnection();
        PreparedStatement query = transaction.prepareStatement(OF_MANUFACTURER)) {
      query.setObject(1, manufacturer);
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          OffsetDateTime end = row.getObject(4, OffsetDateTime.class);
          lists
              .computeIfAbsent(row.getString(1), anchor -> new ArrayList<>())
              .add(new TakenList(
                  row.getString(2),
                  row.getObject(3, OffsetDateTime.class).toInstant(),
                  end == null ? null : end.toInstant(),
                  row.getInt(5)));
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException("revocation lists could not be read", e);
    }
    return lists;
  }

  private static void execute(Connection transaction, String sql, @Nullable Object... values)
      throws SQLException {
    try (PreparedStatement statement = transaction.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      statement.executeUpdate();
    }
  }

  private static String serial(BigInteger serial) {
    return serial.toString(16);
  }

  private static Refusal bad(String complaint) {
    return new Refusal(
        DeviceProblem.INVALID_REVOCATION_LIST, "The revocation list " + complaint + ".");
  }
}
