package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Reads what certificates of many subjects are recognised by in one round trip, on the connection of the transaction under way. */
final class CredentialReading {
  /**
   * Through the index of subjects, whatever the planner makes of partial ones while a line fills the table faster than its
   * statistics: "offset 0" keeps what is asked of the rows out of their search. The certificate itself, most of what there is
   * to read, only under authorities whose name does not tell how it names them.
   */
  private static final String UNREVOKED = """
      select c.subject_id, c.authority, c.serial, c.thumbprint, c.not_before, c.not_after, b.certificate
      from unnest(?) as asked (subject)
      cross join lateral (
        select * from credential where subject_kind = ? and subject_id = asked.subject offset 0) c
      left join lateral (
        select certificate from certificate_body
        where credential = c.id and ends_on = cast(c.not_after at time zone 'UTC' as date)
          and c.authority <> all(?) offset 0) b on true
      where c.state = 'ISSUED' and c.superseded_at is null
      order by c.prepared_at desc""";

  private final DataSource database;

  CredentialReading(DataSource database) {
    this.database = database;
  }

  /**
   * What was issued and is neither revoked nor superseded, by subject, the newest first.
   *
   * @param identifiers by authority, of those that every certificate of theirs names by the same one
   */
  Map<String, List<CredentialIdentity>> unrevoked(
      CertificateSubject.Kind kind, Collection<String> subjects, Map<String, String> identifiers) {
    Map<String, List<CredentialIdentity>> found = HashMap.newHashMap(subjects.size());
    try (Connection transaction = database.getConnection();
        PreparedStatement query = transaction.prepareStatement(UNREVOKED)) {
      query.setArray(1, transaction.createArrayOf("text", subjects.toArray()));
      query.setString(2, kind.name());
      query.setArray(3, transaction.createArrayOf("text", identifiers.keySet().toArray()));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          CredentialIdentity one = identity(row, identifiers);
          if (one != null) {
            found
                .computeIfAbsent(row.getString(1), subject -> new ArrayList<>(1))
                .add(one);
          }
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException("certificates could not be read", e);
    }
    return found;
  }

  /** Null when the certificate is not kept any more, which is long after its end. */
  private static @Nullable CredentialIdentity identity(
      ResultSet row, Map<String, String> identifiers) throws SQLException {
    String authority = row.getString(2);
    String identifier = identifiers.get(authority);
    if (identifier == null) {
      byte[] certificate = row.getBytes(7);
      if (certificate == null) {
        return null;
      }
      identifier = KeyIdentifiers.authority(Der.of(certificate)).intern();
    }
    return new CredentialIdentity(
        authority,
        identifier,
        new BigInteger(row.getString(3), 16),
        Digest.ofOctets(row.getBytes(4)),
        row.getObject(5, OffsetDateTime.class).toInstant(),
        row.getObject(6, OffsetDateTime.class).toInstant());
  }
}
