package io.sallyport.marks;

import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The marks of this node, and whether its database has reached them. They are raised before anything is signed that
 * shows how far the database is, and never lowered.
 */
public interface Marks {
  /** Reads the marks and compares; refuses to start with marks that were altered. From then on it looks every second. */
  void begin();

  /** Why this node must serve nobody, or null. From memory. */
  @Nullable
  Refusal refusal();

  /** Throws the {@link #refusal}, if there is one. From memory. */
  default void require() {
    Refusal refusal = refusal();
    if (refusal != null) {
      throw refusal;
    }
  }

  /** How often a loss was accepted in this database, 0 to 255. From memory. */
  default int losses() {
    return 0;
  }

  /** Compares now, and throws when this database is behind: for whoever takes over a job, before it does anything. */
  void requireForward(Connection connection) throws SQLException;

  /** Raises the log's mark. To be called when the size is committed and its checkpoint not yet signed. */
  void raiseLog(Connection connection, long size, Digest root) throws SQLException;

  /**
   * Raises the marks of revocation lists. To be called when the numbers are committed and the lists not yet signed.
   *
   * @param highest the highest number given out, by authority
   */
  void raiseLists(Map<String, Long> highest);

  /** The marks of every keeper that finds this database behind, this node's own first. */
  List<Mark> unmet(Connection connection) throws SQLException;

  /** Takes the clock as it is from now on, when what was signed in the future cannot be helped. */
  void acceptClock();

  /** For a node whose memory the database can no longer be told apart from: serves nobody until it is started anew. */
  void refuseUntilRestart(String sentence);

  /** Compares again at once, after the database was brought forward. */
  void look();
}
