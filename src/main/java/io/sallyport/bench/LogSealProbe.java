package io.sallyport.bench;

import jakarta.inject.Singleton;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Facts a second that come under a signed checkpoint, from committed ones on: numbered by the sequencer, hashed, kept as
 * tiles and signed, by the jobs of this server.
 */
@Singleton
final class LogSealProbe implements Probe {
  private static final int WARM_UP = 50_000;
  private static final int FACTS = 200_000;

  private final LogFilling log;

  LogSealProbe(LogFilling log) {
    this.log = log;
  }

  @Override
  public String name() {
    return "log-seal";
  }

  @Override
  public Figure measure() throws Exception {
    log.sealed(WARM_UP);
    double rate = log.sealed(FACTS);
    return Figure.of(name(), rate, "facts/s", bare(), "SHA-256 of leaves and nodes");
  }

  /** Leaves and inner nodes of as many facts, hashed without a tree, a database or a signature. */
  private static double bare() throws NoSuchAlgorithmException {
    hash(WARM_UP);
    long start = System.nanoTime();
    hash(FACTS);
    return FACTS * 1e9 / (System.nanoTime() - start);
  }

  private static void hash(int facts) throws NoSuchAlgorithmException {
    MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
    byte[] leaf = new byte[LogFilling.LEAF_OCTETS + 1];
    byte[] node = new byte[2 * sha256.getDigestLength() + 1];
    for (int i = 0; i < facts; i++) {
      byte[] hash = sha256.digest(leaf);
      System.arraycopy(hash, 0, node, 1, hash.length);
      leaf[1] = sha256.digest(node)[0];
    }
  }
}
