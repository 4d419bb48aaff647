package io.sallyport.pki;

import jakarta.inject.Singleton;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Reads how serials stand, and nothing else of them: the row of a certificate is wide. One statement, no transaction. */
@Singleton
final class StatusTable {
  private static final String STATUS = """
      select c.serial, c.subject_kind, c.subject_id, c.state, c.revoked_at, c.revocation_reason,
        a.distrusted_at, a.distrust_reason
      from authority a left join credential c on c.authority = a.name and c.serial = any (?) where a.name = ?""";

  private final DataSource database;

  StatusTable(DataSource database) {
    this.database = database;
  }

  /** How a serial that was given out stands; reason and time for a revoked one. */
  record Standing(
      String subjectType,
      String subject,
      CredentialState state,
      @Nullable Instant revokedAt,
      @Nullable RevocationReason reason) {}

  /**
   * All at the same moment.
   *
   * @param bySerial the serials that the authority gave out, with how they stand
   * @param distrustedAt when the authority itself was revoked, or null
   */
  record Standings(
      Map<BigInteger, Standing> bySerial,
      @Nullable Instant distrustedAt,
      @Nullable RevocationReason distrustReason) {}

  Standings read(String authority, Collection<BigInteger> serials) {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(STATUS)) {
      query.setString(2, authority);
      query.setArray(
          1,
          connection.createArrayOf(
              "text", serials.stream().map(serial -> serial.toString(16)).toArray()));
      Map<BigInteger, Standing> found = new HashMap<>();
      try (ResultSet row = query.executeQuery()) {
        Instant distrustedAt = null;
        RevocationReason distrustReason = null;
        while (row.next()) {
          OffsetDateTime distrusted = row.getObject(7, OffsetDateTime.class);
          if (distrusted != null) {
            distrustedAt = distrusted.toInstant();
            distrustReason = RevocationReason.valueOf(row.getString(8));
          }
          if (row.getString(1) == null) {
            continue;
          }
          OffsetDateTime revokedAt = row.getObject(5, OffsetDateTime.class);
          String reason = row.getString(6);
          found.put(
              new BigInteger(row.getString(1), 16),
              new Standing(
                  CertificateSubject.Kind.valueOf(row.getString(2)).word(),
                  row.getString(3),
                  CredentialState.valueOf(row.getString(4)),
                  revokedAt == null ? null : revokedAt.toInstant(),
                  reason == null ? null : RevocationReason.valueOf(reason)));
        }
        return new Standings(found, distrustedAt, distrustReason);
      }
    } catch (SQLException e) {
      throw new IllegalStateException("the status of a certificate cannot be read", e);
    }
  }
}
