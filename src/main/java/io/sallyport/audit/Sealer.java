package io.sallyport.audit;

import io.sallyport.kernel.Digest;
import io.sallyport.kernel.LogName;
import io.sallyport.kernel.MerkleCheckpoint;
import io.sallyport.kernel.MerkleFrontier;
import io.sallyport.kernel.SignedNote;
import io.sallyport.marks.Marks;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/**
 * Seals numbered facts (law 9): size, root and frontier are committed under the epoch check first, then marked outside of
 * the database, and only then signed, so no two different roots of one size are ever signed. A checkpoint that a crash left unsigned is signed by the next
 * step. Does not seal over a gap, nor when checkpoints, tiles or its own mark went back.
 */
final class Sealer implements SingleWriterJob.Step {
  static final String JOB = "seal";

  /** Facts a checkpoint: bounds the memory and the time of one transaction. */
  private static final int MOST = 4096;

  /** Leaves in memory at once: one may have 64 KiB. */
  private static final int AT_ONCE = 256;

  private static final String WAITING = """
      select exists (select 1 from fact
        where period >= fact_period((select coalesce(max(size), 0) from checkpoint))
          and position > coalesce((select max(size) from checkpoint), 0))""";
  private static final String LAST =
      "select size, frontier from checkpoint order by size desc limit 1";
  private static final String LAST_NOTE =
      "select note from checkpoint where note is not null order by size desc limit 1";
  private static final String NUMBERED =
      "select position, leaf from fact where period >= fact_period(?) and position > ? order by position limit "
          + MOST;
  /** In one statement: a row a round trip would cost more than all the hashing. */
  private static final String KEEP_HASHES = """
      insert into log_leaf (position, hash)
      select ? + n, hash from unnest(?::bytea[]) with ordinality as leaf (hash, n)""";

  private static final String KEEP =
      "insert into checkpoint (size, root, frontier, at) values (?, ?, ?, ?)";
  private static final String UNSIGNED =
      "select size, root, (select count(*) from accepted_loss where position <= size) from checkpoint"
          + " where note is null order by size limit 1";
  private static final String SIGN =
      "update checkpoint set note = ? where size = ? and note is null";

  private final LogSigner signer;
  private final Clock clock;
  private final Marks marks;
  private boolean originChecked;
  private long comparedIn = -1;

  Sealer(LogSigner signer, Clock clock, Marks marks) {
    this.signer = signer;
    this.clock = clock;
    this.marks = marks;
  }

  @Override
  public boolean run(JobLease lease) throws SQLException {
    if (lease.epoch() != comparedIn) {
      marks.requireForward(lease.connection());
      comparedIn = lease.epoch();
    }
    checkOrigin(lease.connection());
    signAll(lease.connection());
    if (!waiting(lease.connection())) {
      return false;
    }
    long[] sealed = new long[1];
    lease.write((transaction, mark) -> {
      long size = seal(transaction, mark);
      sealed[0] = size - mark;
      return size;
    });
    signAll(lease.connection());
    return sealed[0] == MOST;
  }

  private long seal(Connection transaction, long mark) throws SQLException {
    MerkleFrontier frontier = last(transaction);
    if (frontier.size() != mark) {
      throw new IllegalStateException("the log went back: " + mark
          + " facts were sealed, the last checkpoint has " + frontier.size());
    }
    List<byte[]> hashes = new ArrayList<>();
    try (PreparedStatement numbered = transaction.prepareStatement(NUMBERED)) {
      numbered.setFetchSize(AT_ONCE);
      numbered.setLong(1, mark);
      numbered.setLong(2, mark);
      try (ResultSet row = numbered.executeQuery()) {
        while (row.next()) {
          if (row.getLong(1) != frontier.size() + 1) {
            throw new IllegalStateException(
                "fact " + (frontier.size() + 1) + " is missing from the log");
          }
          Digest hash = MerkleFrontier.leafHash(row.getBytes(2));
          frontier = frontier.append(hash);
          hashes.add(hash.octets());
        }
      }
    }
    if (frontier.size() > mark) {
      keepHashes(transaction, mark, hashes);
      LogTiles.extend(transaction, mark, frontier);
      keep(transaction, frontier);
    }
    return frontier.size();
  }

  private static void keepHashes(Connection transaction, long mark, List<byte[]> hashes)
      throws SQLException {
    try (PreparedStatement keep = transaction.prepareStatement(KEEP_HASHES)) {
      Array all = transaction.createArrayOf("bytea", hashes.toArray(byte[][]::new));
      keep.setLong(1, mark);
      keep.setArray(2, all);
      keep.executeUpdate();
      all.free();
    }
  }

  private void keep(Connection transaction, MerkleFrontier frontier) throws SQLException {
    try (PreparedStatement keep = transaction.prepareStatement(KEEP)) {
      keep.setLong(1, frontier.size());
      keep.setBytes(2, frontier.root().octets());
      keep.setBytes(3, frontier.octets());
      keep.setObject(4, clock.instant().truncatedTo(ChronoUnit.MICROS).atOffset(ZoneOffset.UTC));
      keep.executeUpdate();
    }
  }

  /** Ed25519 is deterministic, so two that sign the same checkpoint write the same note. */
  private void signAll(Connection connection) throws SQLException {
    while (true) {
      MerkleCheckpoint checkpoint;
      SignedNote.VerifierKey key;
      try (Statement unsigned = connection.createStatement();
          ResultSet row = unsigned.executeQuery(UNSIGNED)) {
        if (!row.next()) {
          return;
        }
        key = signer.key();
        key = key.as(LogName.of(LogName.origin(key.name()), row.getInt(3)));
        checkpoint =
            new MerkleCheckpoint(key.name(), row.getLong(1), Digest.ofOctets(row.getBytes(2)));
      }
      marks.raiseLog(connection, checkpoint.size(), checkpoint.root());
      String text = checkpoint.text();
      SignedNote note = key.note(text, signer.sign(text.getBytes(StandardCharsets.UTF_8)));
      try (PreparedStatement sign = connection.prepareStatement(SIGN)) {
        sign.setString(1, note.toString());
        sign.setLong(2, checkpoint.size());
        sign.executeUpdate();
      }
    }
  }

  private void checkOrigin(Connection connection) throws SQLException {
    if (originChecked) {
      return;
    }
    try (Statement last = connection.createStatement();
        ResultSet row = last.executeQuery(LAST_NOTE)) {
      if (row.next() && !signer.signed(SignedNote.parse(row.getString(1)))) {
        throw new IllegalStateException("the last checkpoint is not signed by the log's key "
            + signer.key() + "; set sallyport.audit.origin to the name that the log began with");
      }
    }
    originChecked = true;
  }

  private static boolean waiting(Connection connection) throws SQLException {
    try (Statement waiting = connection.createStatement();
        ResultSet row = waiting.executeQuery(WAITING)) {
      return row.next() && row.getBoolean(1);
    }
  }

  private static MerkleFrontier last(Connection connection) throws SQLException {
    try (Statement last = connection.createStatement();
        ResultSet row = last.executeQuery(LAST)) {
      return row.next() ? MerkleFrontier.of(row.getLong(1), row.getBytes(2)) : MerkleFrontier.EMPTY;
    }
  }
}
