package io.sallyport.audit;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.MerkleProof;
import io.sallyport.kernel.MerkleTile;
import io.sallyport.kernel.Refusal;
import io.sallyport.kernel.TiledTree;
import jakarta.inject.Singleton;
import java.io.ByteArrayOutputStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Reads tree and proofs from the database. A proof is checked against the signed root before it is handed out, so that
 * tiles which were changed behind the server's back prove nothing.
 */
@Singleton
final class SealedTree implements LogTree {
  private static final String COSIGNATURES =
      "select line from checkpoint_cosignature where size = ? order by witness";
  private static final String LEAVES = """
      select leaf from fact where period between fact_period(?) and fact_period(?)
        and position > ? and position <= ? order by position""";

  private final DataSource database;

  SealedTree(DataSource database) {
    this.database = database;
  }

  @Override
  public Optional<String> checkpoint() {
    return with(connection -> {
      Optional<SignedRoot> newest = SignedRoot.newest(connection);
      if (newest.isEmpty()) {
        return Optional.empty();
      }
      StringBuilder note = new StringBuilder(newest.get().note());
      try (PreparedStatement cosignatures = connection.prepareStatement(COSIGNATURES)) {
        cosignatures.setLong(1, newest.get().size());
        try (ResultSet row = cosignatures.executeQuery()) {
          while (row.next()) {
            note.append(row.getString(1)).append('\n');
          }
        }
      }
      return Optional.of(note.toString());
    });
  }

  @Override
  public Optional<byte[]> tile(MerkleTile tile) {
    return with(connection -> {
      long sealed = SignedRoot.newest(connection).map(SignedRoot::size).orElse(0L);
      return tile.within(sealed)
          ? Optional.of(new LogTiles(connection, sealed).hashes(tile))
          : Optional.empty();
    });
  }

  @Override
  public Optional<byte[]> entries(MerkleTile tile) {
    return with(connection -> {
      long sealed = SignedRoot.newest(connection).map(SignedRoot::size).orElse(0L);
      return tile.level() == 0 && tile.within(sealed)
          ? Optional.of(bundle(connection, tile))
          : Optional.empty();
    });
  }

  private static byte[] bundle(Connection connection, MerkleTile tile) throws SQLException {
    ByteArrayOutputStream bundle = new ByteArrayOutputStream();
    try (PreparedStatement leaves = connection.prepareStatement(LEAVES)) {
      long first = tile.number() * MerkleTile.WIDTH;
      leaves.setLong(1, first);
      leaves.setLong(2, first + tile.width());
      leaves.setLong(3, first);
      leaves.setLong(4, first + tile.width());
      int count = 0;
      try (ResultSet row = leaves.executeQuery()) {
        for (; row.next(); count++) {
          byte[] leaf = row.getBytes(1);
          if (leaf.length > FactTable.MOST_LEAF) {
            throw new Refusal(
                CommonProblem.NOT_SUPPORTED,
                "Fact " + (first + count + 1)
                    + " is larger than an entry bundle can hold; ask for it under /audit/facts.");
          }
          bundle.write(leaf.length >>> Byte.SIZE);
          bundle.write(leaf.length);
          bundle.writeBytes(leaf);
        }
      }
      if (count != tile.width()) {
        DroppedFacts.refuse(connection, first + 1);
        throw new IllegalStateException("the log has " + count + " of the " + tile.width()
            + " facts after " + first + " that were sealed");
      }
    }
    return bundle.toByteArray();
  }

  @Override
  public Inclusion inclusion(long position, @Nullable Long size) {
    return with(connection -> {
      SignedRoot newest = SignedRoot.newest(connection).orElseThrow(() -> beyond(position, 0));
      long wanted = size == null ? newest.size() : size;
      if (wanted > newest.size() || position > wanted) {
        throw beyond(
            Math.max(position, wanted),
            size == null ? newest.size() : Math.min(wanted, newest.size()));
      }
      TiledTree tree = new TiledTree(wanted, new LogTiles(connection, newest.size()));
      long index = position - 1;
      Digest leaf = tree.leaf(index);
      List<Digest> path = tree.inclusion(index);
      Digest root = tree.root();
      Optional<SignedRoot> signed = signed(connection, newest, wanted, root);
      if (!MerkleProof.includes(leaf, index, wanted, path, root)) {
        throw changed(wanted);
      }
      return new Inclusion(
          index, wanted, leaf, path, root, signed.map(SignedRoot::note).orElse(null));
    });
  }

  @Override
  public Consistency consistency(long old, @Nullable Long size) {
    return with(connection -> {
      SignedRoot newest = SignedRoot.newest(connection).orElseThrow(() -> beyond(old, 0));
      long wanted = size == null ? newest.size() : size;
      if (wanted > newest.size() || old > wanted) {
        throw beyond(
            Math.max(old, wanted), size == null ? newest.size() : Math.min(wanted, newest.size()));
      }
      LogTiles tiles = new LogTiles(connection, newest.size());
      TiledTree tree = new TiledTree(wanted, tiles);
      Digest oldRoot = new TiledTree(old, tiles).root();
      Digest root = tree.root();
      List<Digest> path = tree.consistency(old);
      signed(connection, newest, old, oldRoot);
      Optional<SignedRoot> signed = signed(connection, newest, wanted, root);
      if (!MerkleProof.consistent(old, oldRoot, wanted, root, path)) {
        throw changed(wanted);
      }
      return new Consistency(
          old, oldRoot, wanted, root, path, signed.map(SignedRoot::note).orElse(null));
    });
  }

  /** The checkpoint of this size, if there is one; throws when it does not have this root. */
  private static Optional<SignedRoot> signed(
      Connection connection, SignedRoot newest, long size, Digest root) throws SQLException {
    Optional<SignedRoot> signed =
        size == newest.size() ? Optional.of(newest) : SignedRoot.at(connection, size);
    if (signed.isPresent() && !signed.get().root().equals(root)) {
      throw changed(size);
    }
    return signed;
  }

  private static Refusal changed(long size) {
    return new Refusal(
        CommonProblem.INTERNAL,
        "The tree that is kept does not have the root that was signed over " + size
            + " facts: it was changed. Run \"sallyport audit verify\".");
  }

  private static Refusal beyond(long asked, long size) {
    return new Refusal(
        CommonProblem.NOT_FOUND,
        "There is no fact " + asked + " in a log of " + size + " sealed facts.");
  }

  private <T> T with(Reading<T> reading) {
    try (Connection connection = database.getConnection()) {
      return reading.read(connection);
    } catch (SQLException e) {
      throw new IllegalStateException("the log's tree could not be read", e);
    }
  }

  /** What is read over one connection. */
  private interface Reading<T> {
    T read(Connection connection) throws SQLException;
  }
}
