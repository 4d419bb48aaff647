package io.sallyport.pki;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Reads the certificates of many subjects in one round trip, on the connection of the transaction under way. */
final class CredentialReading {
  /**
   * Through the index of subjects, whatever the planner makes of partial ones while a line fills the table faster than its
   * statistics: "offset 0" keeps what is asked of the rows out of their search.
   */
  private static final String UNREVOKED = """
      select c.authority, c.serial, c.subject_id, c.profile, c.thumbprint, c.key_digest, c.not_before, c.not_after,
        c.first_used_at, b.certificate
      from unnest(?) as asked (subject)
      cross join lateral (
        select * from credential where subject_kind = ? and subject_id = asked.subject offset 0) c
      cross join lateral (
        select * from certificate_body
        where credential = c.id and ends_on = cast(c.not_after at time zone 'UTC' as date) offset 0) b
      where c.state = 'ISSUED' and c.superseded_at is null
      order by c.prepared_at desc""";

  private final DataSource database;

  CredentialReading(DataSource database) {
    this.database = database;
  }

  /** What was issued and is neither revoked nor superseded, the newest first. */
  List<Credential> unrevoked(CertificateSubject.Kind kind, Collection<String> subjects) {
    List<Credential> found = new ArrayList<>();
    try (Connection transaction = database.getConnection();
        PreparedStatement query = transaction.prepareStatement(UNREVOKED)) {
      query.setArray(1, transaction.createArrayOf("text", subjects.toArray()));
      query.setString(2, kind.name());
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          found.add(credential(kind, row));
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException("certificates could not be read", e);
    }
    return found;
  }

  private static Credential credential(CertificateSubject.Kind kind, ResultSet row)
      throws SQLException {
    return new Credential(
        row.getString(1),
        new BigInteger(row.getString(2), 16),
        new CertificateSubject(kind, row.getString(3)),
        row.getString(4),
        Digest.ofOctets(row.getBytes(5)),
        Digest.ofOctets(row.getBytes(6)),
        row.getObject(7, OffsetDateTime.class).toInstant(),
        row.getObject(8, OffsetDateTime.class).toInstant(),
        instant(row.getObject(9, OffsetDateTime.class)),
        null,
        null,
        Der.of(row.getBytes(10)));
  }

  private static @Nullable Instant instant(@Nullable OffsetDateTime time) {
    return time == null ? null : time.toInstant();
  }
}
