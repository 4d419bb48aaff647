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
      select serial, subject_kind, subject_id, state, revoked_at, revocation_reason
      from credential where authority = ? and serial = any (?)""";

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

  /** The serials that this authority gave out, with how they stand, all at the same moment. */
  Map<BigInteger, Standing> read(String authority, Collection<BigInteger> serials) {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(STATUS)) {
      query.setString(1, authority);
      query.setArray(
          2,
          connection.createArrayOf(
              "text", serials.stream().map(serial -> serial.toString(16)).toArray()));
      Map<BigInteger, Standing> found = new HashMap<>();
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
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
      }
      return found;
    } catch (SQLException e) {
      throw new IllegalStateException("the status of a certificate cannot be read", e);
    }
  }
}
