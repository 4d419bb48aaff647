package io.sallyport.audit;

import io.sallyport.kernel.Digest;
import io.sallyport.kernel.TiledTree;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * How much of the log stands under signatures.
 *
 * @param sealed facts under the newest signed checkpoint
 * @param delivered facts under the newest checkpoint that a place outside of this server has, 0 when none has any
 */
public record LogCoverage(long sealed, long delivered) {
  private static final String COVERAGE = """
      select coalesce((select max(size) from checkpoint where note is not null), 0),
        coalesce((select max(size) from checkpoint_delivery where at is not null), 0)""";

  public static LogCoverage read(Connection connection) throws SQLException {
    try (PreparedStatement coverage = connection.prepareStatement(COVERAGE);
        ResultSet row = coverage.executeQuery()) {
      row.next();
      return new LogCoverage(row.getLong(1), row.getLong(2));
    }
  }

  /** The root over the first {@code size} of the sealed facts; throws when the tiles do not lead to the signed root. */
  public static Digest root(Connection connection, long size) throws SQLException {
    SignedRoot newest = SignedRoot.newest(connection)
        .filter(signed -> signed.size() >= size)
        .orElseThrow(() -> new IllegalStateException(size + " facts are not sealed"));
    LogTiles tiles = new LogTiles(connection, newest.size());
    if (!new TiledTree(newest.size(), tiles).root().equals(newest.root())) {
      throw new IllegalStateException(
          "the log's tiles do not lead to the signed root over " + newest.size() + " facts");
    }
    return new TiledTree(size, tiles).root();
  }
}
