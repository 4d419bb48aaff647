package io.sallyport.bench;

import io.sallyport.audit.LogTree;
import jakarta.inject.Singleton;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Milliseconds for a proof of inclusion or of consistency, checked, in a log of a million facts; one caller. Its name
 * comes behind {@code log-seal}, whose log is smaller.
 */
@Singleton
final class LogProofProbe implements Probe {
  private static final long FACTS = 1_000_000;
  private static final int PART = 100_000;
  private static final int PROOFS = 2_000;
  /** Leads from one end of the log to the other. */
  private static final long STEP = 7_919;

  /** What three half-filled tiles have to be folded to. */
  private static final int HASHES = 3 * 128;

  private static final double MILLIS = 1e6;

  private final LogFilling log;
  private final LogTree tree;

  LogProofProbe(LogFilling log, LogTree tree) {
    this.log = log;
    this.tree = tree;
  }

  @Override
  public String name() {
    return "log-seal-proof";
  }

  @Override
  public Figure measure() throws Exception {
    while (log.size() < FACTS) {
      log.sealed(PART);
    }
    proofs();
    return Figure.of(name(), proofs(), "ms", bare(), "384 hashes of nodes");
  }

  private double proofs() {
    long size = log.size();
    long start = System.nanoTime();
    for (long i = 0; i < PROOFS; i++) {
      long position = 1 + i * STEP % size;
      if (i % 2 == 0) {
        tree.inclusion(position, null);
      } else {
        tree.consistency(position, null);
      }
    }
    return (System.nanoTime() - start) / MILLIS / PROOFS;
  }

  private static double bare() throws NoSuchAlgorithmException {
    MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
    byte[] node = new byte[2 * sha256.getDigestLength() + 1];
    long start = System.nanoTime();
    for (int i = 0; i < PROOFS * HASHES; i++) {
      System.arraycopy(sha256.digest(node), 0, node, 1, sha256.getDigestLength());
    }
    return (System.nanoTime() - start) / MILLIS / PROOFS;
  }
}
