package io.sallyport.bench;

import io.sallyport.audit.AuditLog;
import io.sallyport.audit.Checkpoint;
import io.sallyport.audit.LogTree;
import jakarta.inject.Singleton;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jboss.logging.Logger;

/**
 * Facts a second that come under a signed checkpoint, from committed ones on: numbered by the sequencer, hashed, kept as
 * tiles and signed, by the jobs of this server. Besides, how long a proof takes in that log.
 */
@Singleton
final class LogSealProbe implements Probe {
  private static final Logger LOG = Logger.getLogger(LogSealProbe.class);
  private static final int WARM_UP = 50_000;
  private static final int FACTS = 200_000;
  private static final int PROOFS = 2_000;
  private static final Duration LOOK = Duration.ofMillis(5);
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  /** As large as what is recorded of a device that changed its state. */
  private static final int LEAF_OCTETS = 300;

  /** Leads from one end of the log to the other. */
  private static final long STEP = 7_919;

  private static final double MILLIS = 1e6;
  private static final String RECORD = """
      insert into fact (id, at, kind, actor, subject_type, subject, detail, leaf)
      select gen_random_uuid(), now(), 'bench.happened', 'server', 'bench', n::text, '{}',
        convert_to(rpad(n::text, ?, 'x'), 'UTF8')
      from generate_series(1, ?) as n""";
  private static final String COMMITTED = "select count(*) from fact";

  private final DataSource database;
  private final AuditLog log;
  private final LogTree tree;

  LogSealProbe(DataSource database, AuditLog log, LogTree tree) {
    this.database = database;
    this.log = log;
    this.tree = tree;
  }

  @Override
  public String name() {
    return "log-seal";
  }

  @Override
  public Figure measure() throws Exception {
    sealed(WARM_UP);
    double rate = sealed(FACTS);
    inclusion();
    consistency();
    LOG.infof("A proof of inclusion takes %.2f ms, one of consistency %.2f ms, in a log of %d facts.",
        inclusion(), consistency(), size());
    return Figure.of(name(), rate, "facts/s", bare(), "SHA-256 of leaves and nodes");
  }

  private double sealed(int facts) throws SQLException {
    record(facts);
    long target = committed();
    long start = System.nanoTime();
    long before = size();
    while (size() < target) {
      if (System.nanoTime() - start > PATIENCE.toNanos()) {
        throw new IllegalStateException("only " + size() + " of " + target + " facts are sealed");
      }
      LockSupport.parkNanos(this, LOOK.toNanos());
    }
    return (target - before) * 1e9 / (System.nanoTime() - start);
  }

  /** In one commit, behind which the sequencer begins. */
  private void record(int facts) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement record = connection.prepareStatement(RECORD)) {
      record.setInt(1, LEAF_OCTETS);
      record.setInt(2, facts);
      record.executeUpdate();
    }
  }

  private long committed() throws SQLException {
    try (Connection connection = database.getConnection();
        Statement count = connection.createStatement();
        ResultSet row = count.executeQuery(COMMITTED)) {
      row.next();
      return row.getLong(1);
    }
  }

  private long size() {
    return log.latest().map(Checkpoint::size).orElse(0L);
  }

  /** Milliseconds, one after the other, wherever in the log. */
  private double inclusion() {
    long size = size();
    long start = System.nanoTime();
    for (long i = 0; i < PROOFS; i++) {
      tree.inclusion(1 + i * STEP % size, null);
    }
    return (System.nanoTime() - start) / MILLIS / PROOFS;
  }

  private double consistency() {
    long size = size();
    long start = System.nanoTime();
    for (long i = 0; i < PROOFS; i++) {
      tree.consistency(1 + i * STEP % size, null);
    }
    return (System.nanoTime() - start) / MILLIS / PROOFS;
  }

  /** Leaves and inner nodes of as many facts, hashed without a tree, a database or a signature. */
  private double bare() throws NoSuchAlgorithmException {
    hash(WARM_UP);
    long start = System.nanoTime();
    hash(FACTS);
    return FACTS * 1e9 / (System.nanoTime() - start);
  }

  private static void hash(int facts) throws NoSuchAlgorithmException {
    MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
    byte[] leaf = new byte[LEAF_OCTETS + 1];
    byte[] node = new byte[2 * sha256.getDigestLength() + 1];
    for (int i = 0; i < facts; i++) {
      byte[] hash = sha256.digest(leaf);
      System.arraycopy(hash, 0, node, 1, hash.length);
      leaf[1] = sha256.digest(node)[0];
    }
  }
}
