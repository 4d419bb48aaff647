package io.sallyport.audit;

import io.sallyport.kernel.Digest;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/** A checkpoint with its note, read over a connection that somebody has. */
record SignedRoot(long size, Digest root, String note) {
  private static final String NEWEST = """
      select size, root, note from checkpoint where note is not null order by size desc limit 1""";
  private static final String AT =
      "select size, root, note from checkpoint where size = ? and note is not null";

  static Optional<SignedRoot> newest(Connection connection) throws SQLException {
    try (PreparedStatement newest = connection.prepareStatement(NEWEST)) {
      return one(newest);
    }
  }

  static Optional<SignedRoot> at(Connection connection, long size) throws SQLException {
    try (PreparedStatement at = connection.prepareStatement(AT)) {
      at.setLong(1, size);
      return one(at);
    }
  }

  private static Optional<SignedRoot> one(PreparedStatement query) throws SQLException {
    try (ResultSet row = query.executeQuery()) {
      return row.next()
          ? Optional.of(
              new SignedRoot(row.getLong(1), Digest.ofOctets(row.getBytes(2)), row.getString(3)))
          : Optional.empty();
    }
  }
}
