package io.sallyport.audit;

import io.sallyport.kernel.Digest;
import io.sallyport.kernel.MerkleFrontier;
import io.sallyport.kernel.MerkleTile;
import io.sallyport.kernel.TiledTree;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;

/**
 * The tiles of the log's tree as they are kept: full ones in a table that only grows, partial ones put together from what
 * is below them, so that none is ever written twice. One connection, one thread.
 */
final class LogTiles implements TiledTree.Tiles {
  private static final String FULL = "select hashes from log_tile where level = ? and number = ?";
  private static final String LEAVES = """
      select string_agg(hash, ''::bytea order by position) from log_leaf where position > ? and position <= ?""";
  private static final String ROOTS = """
      select string_agg(root, ''::bytea order by number) from log_tile
      where level = ? and number >= ? and number < ?""";
  private static final String KEPT =
      "select coalesce(max(number), -1) + 1 from log_tile where level = ?";
  private static final String KEEP =
      "insert into log_tile (level, number, root, hashes) values (?, ?, ?, ?)";

  private final Connection connection;
  private final long sealed;

  /** @param sealed how many leaves the tree has for which there are tiles */
  LogTiles(Connection connection, long sealed) {
    this.connection = connection;
    this.sealed = sealed;
  }

  /**
   * Adds the tiles that a log of {@code sealed} leaves gets full by growing to {@code frontier}; its leaf hashes are
   * there already. Throws when the tiles are not those of a log of {@code sealed} leaves, or do not lead to the root of
   * the frontier: then they went back, or were changed.
   */
  static void extend(Connection transaction, long sealed, MerkleFrontier frontier)
      throws SQLException {
    LogTiles tiles = new LogTiles(transaction, frontier.size());
    for (int level = 0; level <= MerkleTile.MOST_LEVEL; level++) {
      long full = frontier.size() >>> MerkleTile.HEIGHT * (level + 1);
      long before = sealed >>> MerkleTile.HEIGHT * (level + 1);
      if (full == before) {
        break;
      }
      long kept = kept(transaction, level);
      if (kept != before) {
        throw new IllegalStateException("the log's tiles went back: level " + level + " has " + kept
            + " of the " + before + " that were sealed");
      }
      tiles.keep(level, before, full);
    }
    if (!new TiledTree(frontier.size(), tiles).root().equals(frontier.root())) {
      throw new IllegalStateException("the log's tiles do not lead to the root over "
          + frontier.size() + " facts: tiles or leaf hashes went back or were changed");
    }
  }

  private static long kept(Connection connection, int level) throws SQLException {
    try (PreparedStatement kept = connection.prepareStatement(KEPT)) {
      kept.setInt(1, level);
      try (ResultSet row = kept.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  private void keep(int level, long from, long to) throws SQLException {
    try (PreparedStatement keep = connection.prepareStatement(KEEP)) {
      for (long number = from; number < to; number++) {
        byte[] hashes = below(level, number, MerkleTile.WIDTH);
        keep.setInt(1, level);
        keep.setLong(2, number);
        keep.setBytes(3, TiledTree.root(hashes).octets());
        keep.setBytes(4, hashes);
        keep.addBatch();
      }
      keep.executeBatch();
    }
  }

  @Override
  public byte[] hashes(MerkleTile tile) {
    try {
      return tile.number() < sealed >>> MerkleTile.HEIGHT * (tile.level() + 1)
          ? Arrays.copyOf(full(tile), tile.width() * Digest.LENGTH)
          : below(tile.level(), tile.number(), tile.width());
    } catch (SQLException e) {
      throw new IllegalStateException("the log's tiles could not be read", e);
    }
  }

  private byte[] full(MerkleTile tile) throws SQLException {
    try (PreparedStatement full = connection.prepareStatement(FULL)) {
      full.setInt(1, tile.level());
      full.setLong(2, tile.number());
      return whole(full, tile.level(), tile.number(), MerkleTile.WIDTH);
    }
  }

  /** The first {@code width} hashes of a tile, from what they were made of. */
  private byte[] below(int level, long number, int width) throws SQLException {
    long first = number * MerkleTile.WIDTH;
    try (PreparedStatement below = connection.prepareStatement(level == 0 ? LEAVES : ROOTS)) {
      int column = 1;
      if (level > 0) {
        below.setInt(column++, level - 1);
      }
      below.setLong(column++, first);
      below.setLong(column, first + width);
      return whole(below, level, number, width);
    }
  }

  private static byte[] whole(PreparedStatement query, int level, long number, int width)
      throws SQLException {
    try (ResultSet row = query.executeQuery()) {
      byte[] octets = row.next() ? row.getBytes(1) : null;
      if (octets == null || octets.length != width * Digest.LENGTH) {
        throw new IllegalStateException(
            "the log's tile " + level + "/" + number + " is not whole: the log went back");
      }
      return octets;
    }
  }
}
