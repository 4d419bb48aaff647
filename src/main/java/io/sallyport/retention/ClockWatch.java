package io.sallyport.retention;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import org.jspecify.annotations.Nullable;

/**
 * Since when the clock has gone on without a jump, so that one that is wrong for an hour drops nothing. A server that was
 * off for longer than the largest step begins anew.
 */
final class ClockWatch {
  private static final Duration BACK = Duration.ofMinutes(1);
  /** A day behind the term is waited for anyway. */
  private static final Duration AHEAD = Duration.ofDays(1);

  private static final String SEEN =
      "select seen_at, steady_since from retention_state where id = 1 for update";
  private static final String NOTE =
      "update retention_state set seen_at = ?, steady_since = ? where id = 1";

  private ClockWatch() {}

  /** Notes what the clock says, and answers since when it is believed. */
  static Instant look(Connection transaction, Instant now) throws SQLException {
    Instant seen;
    Instant steady;
    try (PreparedStatement query = transaction.prepareStatement(SEEN);
        ResultSet row = query.executeQuery()) {
      row.next();
      seen = instant(row, 1);
      steady = instant(row, 2);
    }
    boolean steadily =
        seen != null && !now.isBefore(seen.minus(BACK)) && !now.isAfter(seen.plus(AHEAD));
    Instant since = steadily && steady != null ? steady : now;
    try (PreparedStatement note = transaction.prepareStatement(NOTE)) {
      note.setObject(1, now.atOffset(ZoneOffset.UTC));
      note.setObject(2, since.atOffset(ZoneOffset.UTC));
      note.executeUpdate();
    }
    return since;
  }

  private static @Nullable Instant instant(ResultSet row, int column) throws SQLException {
    OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
    return at == null ? null : at.toInstant();
  }
}
