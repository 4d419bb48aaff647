package io.sallyport.audit;

import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.MerkleCheckpoint;
import io.sallyport.kernel.MerkleFrontier;
import io.sallyport.kernel.Refusal;
import io.sallyport.kernel.SignedNote;
import io.sallyport.marks.Mark;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;

/** The statements behind {@link StoredReconciliation}: the log's tables, brought forward. */
final class ReconciliationTable {
  private static final String TURN =
      "select pg_try_advisory_xact_lock(hashtextextended('sallyport.reconcile', 0))";
  /** So that no holder of a job that was cut off commits meanwhile. */
  private static final String HOLD_JOBS = "select job from job_epoch order by job for update";

  private static final String LAST =
      "select size, frontier from checkpoint order by size desc limit 1";
  private static final String ROOT = "select root from checkpoint where size = ?";
  private static final String KEEP_HASHES = """
      insert into log_leaf (position, hash)
      select ? + n, hash from unnest(?::bytea[]) with ordinality as leaf (hash, n)""";
  private static final String KEEP =
      "insert into checkpoint (size, root, frontier, at, note) values (?, ?, ?, ?, ?)";
  private static final String JOB_AT = """
      insert into job_epoch (job, epoch, holder, mark) values (?, 0, 'nobody', ?)
      on conflict (job) do update set mark = greatest(job_epoch.mark, excluded.mark)""";
  private static final String RAISE_EPOCHS = """
      update job_epoch set epoch = epoch + greatest(0, ? - (select sum(epoch) from job_epoch)) where job = ?""";
  private static final String IDENTIFY =
      "update database_identity set id = ?, losses = greatest(losses, ?)";
  private static final String NUMBER = """
      with moved as (delete from fact_waiting where id = ? returning *)
      insert into fact (id, at, kind, actor, subject_type, subject, detail, leaf, position, period)
      select id, at, kind, actor, subject_type, subject, detail, leaf, ?, open_partition('fact') from moved""";
  private static final String LOSE = "insert into accepted_loss (loss, position) values (?, ?)";
  private static final String LOSSES = "update database_identity set losses = ?";
  /** Places know another log under the former name. */
  private static final String NOTHING_DELIVERED = "delete from checkpoint_delivery";

  private static final String FORGET = "delete from behind_marks";
  private static final String SEQUENCE = "sequence";

  private ReconciliationTable() {}

  /** Holds off other reconciliations and all jobs until the transaction ends. */
  static void requireTurn(Connection transaction) throws SQLException {
    try (Statement turn = transaction.createStatement()) {
      try (ResultSet row = turn.executeQuery(TURN)) {
        if (!row.next() || !row.getBoolean(1)) {
          throw new Refusal(CommonProblem.CONFLICT, "Somebody else reconciles at the moment.");
        }
      }
      turn.execute(HOLD_JOBS);
    }
  }

  static MerkleFrontier last(Connection connection) throws SQLException {
    try (Statement last = connection.createStatement();
        ResultSet row = last.executeQuery(LAST)) {
      return row.next() ? MerkleFrontier.of(row.getLong(1), row.getBytes(2)) : MerkleFrontier.EMPTY;
    }
  }

  static Digest root(Connection connection, long size) throws SQLException {
    try (PreparedStatement root = connection.prepareStatement(ROOT)) {
      root.setLong(1, size);
      try (ResultSet row = root.executeQuery()) {
        return row.next() ? Digest.ofOctets(row.getBytes(1)) : Digest.of();
      }
    }
  }

  /** A checkpoint and the hashes that it adds. */
  static void keep(
      Connection transaction,
      long before,
      List<byte[]> hashes,
      MerkleFrontier tree,
      Instant at,
      SignedNote note)
      throws SQLException {
    try (PreparedStatement leaves = transaction.prepareStatement(KEEP_HASHES);
        PreparedStatement keep = transaction.prepareStatement(KEEP)) {
      Array all = transaction.createArrayOf("bytea", hashes.toArray(byte[][]::new));
      leaves.setLong(1, before);
      leaves.setArray(2, all);
      leaves.executeUpdate();
      all.free();
      LogTiles.extend(transaction, before, tree);
      keep.setLong(1, tree.size());
      keep.setBytes(2, tree.root().octets());
      keep.setBytes(3, tree.octets());
      keep.setObject(4, at.atOffset(ZoneOffset.UTC));
      // What witnesses signed stands apart, and with them.
      keep.setString(
          5,
          new SignedNote(
                  note.text(),
                  note.lines().stream()
                      .filter(line ->
                          line.name().equals(MerkleCheckpoint.parse(note.text()).origin()))
                      .toList())
              .toString());
      keep.executeUpdate();
    }
  }

  /** Jobs, epochs and identity, to where the marks say that they were; then the complaints are taken back. */
  static void forward(Connection transaction, List<Mark> unmet, long size) throws SQLException {
    try (PreparedStatement job = transaction.prepareStatement(JOB_AT);
        PreparedStatement epochs = transaction.prepareStatement(RAISE_EPOCHS);
        PreparedStatement identity = transaction.prepareStatement(IDENTIFY);
        Statement forget = transaction.createStatement()) {
      for (String name : List.of(SEQUENCE, Sealer.JOB)) {
        job.setString(1, name);
        job.setLong(2, size);
        job.executeUpdate();
      }
      // The marks of the node that the operator speaks to; others complain of this very database
      // only.
      UUID database = unmet.getFirst().database();
      for (Mark mark : unmet) {
        epochs.setLong(1, mark.epochs());
        epochs.setString(2, Sealer.JOB);
        epochs.executeUpdate();
        identity.setObject(1, database);
        identity.setLong(2, mark.losses());
        identity.executeUpdate();
      }
      forget.execute(FORGET);
    }
  }

  /** Numbers the fact that tells of a loss, from where on the log has another name. */
  static void lose(Connection transaction, UUID fact, long position, long losses)
      throws SQLException {
    try (PreparedStatement number = transaction.prepareStatement(NUMBER);
        PreparedStatement job = transaction.prepareStatement(JOB_AT);
        PreparedStatement loss = transaction.prepareStatement(LOSE);
        PreparedStatement identity = transaction.prepareStatement(LOSSES);
        Statement places = transaction.createStatement()) {
      number.setObject(1, fact);
      number.setLong(2, position);
      number.executeUpdate();
      job.setString(1, SEQUENCE);
      job.setLong(2, position);
      job.executeUpdate();
      loss.setLong(1, losses);
      loss.setLong(2, position);
      loss.executeUpdate();
      identity.setLong(1, losses);
      identity.executeUpdate();
      places.execute(NOTHING_DELIVERED);
    }
  }
}
