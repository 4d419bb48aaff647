package io.sallyport.pki;

import io.sallyport.audit.LogEntry;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import org.jspecify.annotations.Nullable;

/** A certificate that the database knows. */
record KnownCertificate(
    Object id,
    boolean revoked,
    boolean whole,
    @Nullable String reason,
    byte[] key,
    @Nullable Instant revokedAt) {
  private static final String FIND = """
      select id, state, thumbprint is not null, revocation_reason, key_digest, revoked_at
      from credential where authority = ? and serial = ?""";
  private static final String REVOKE =
      "update credential set state = 'REVOKED', revoked_at = ?, revocation_reason = ? where id = ?";

  boolean held() {
    return revoked && RevocationReason.CERTIFICATE_HOLD.name().equals(reason);
  }

  static @Nullable KnownCertificate find(Connection transaction, LogEntry lost)
      throws SQLException {
    String authority = lost.detail().get("authority");
    String serial = lost.detail().get("serial");
    return authority == null || serial == null ? null : find(transaction, authority, serial);
  }

  static @Nullable KnownCertificate find(Connection transaction, String authority, String serial)
      throws SQLException {
    try (PreparedStatement find = transaction.prepareStatement(FIND)) {
      find.setString(1, authority);
      find.setString(2, serial);
      try (ResultSet row = find.executeQuery()) {
        if (!row.next()) {
          return null;
        }
        OffsetDateTime revokedAt = row.getObject(6, OffsetDateTime.class);
        return new KnownCertificate(
            row.getObject(1),
            row.getString(2).equals(CredentialState.REVOKED.name()),
            row.getBoolean(3),
            row.getString(4),
            row.getBytes(5),
            revokedAt == null ? null : revokedAt.toInstant());
      }
    }
  }

  void revoke(Connection transaction, Instant at, String reason) throws SQLException {
    try (PreparedStatement revoke = transaction.prepareStatement(REVOKE)) {
      revoke.setObject(1, at.atOffset(ZoneOffset.UTC));
      revoke.setString(2, reason);
      revoke.setObject(3, id);
      revoke.executeUpdate();
    }
  }
}
