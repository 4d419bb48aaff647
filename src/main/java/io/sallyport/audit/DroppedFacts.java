package io.sallyport.audit;

import io.sallyport.kernel.Refusal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;

/**
 * Facts of which the leaf hashes alone are left, because their term has ended.
 *
 * @param until the last position of those that went together
 * @param term such as P3653D
 */
record DroppedFacts(long until, Instant at, String term) {
  private static final String AT = """
      select last_position, detached_at, term from time_partition
      where parent = 'fact' and detached_at is not null and last_position >= ? order by last_position limit 1""";

  /** Those that the fact at {@code position} went with. */
  static Optional<DroppedFacts> at(Connection connection, long position) throws SQLException {
    try (PreparedStatement at = connection.prepareStatement(AT)) {
      at.setLong(1, position);
      try (ResultSet row = at.executeQuery()) {
        return row.next()
            ? Optional.of(new DroppedFacts(
                row.getLong(1),
                row.getObject(2, OffsetDateTime.class).toInstant(),
                row.getString(3)))
            : Optional.empty();
      }
    }
  }

  /** Refuses with {@code gone} when the fact at {@code position} is one of these. */
  static void refuse(Connection connection, long position) throws SQLException {
    Optional<DroppedFacts> dropped = at(connection, position);
    if (dropped.isPresent()) {
      throw new Refusal(
          AuditProblem.GONE,
          "What the facts until " + dropped.get().until() + " said was dropped on "
              + dropped.get().at() + ", when their term of " + dropped.get().term()
              + " had ended; tiles and proofs still hold.");
    }
  }
}
