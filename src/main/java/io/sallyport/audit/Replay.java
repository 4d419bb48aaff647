package io.sallyport.audit;

import io.sallyport.kernel.Actor;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Brings the tables of one owner forward by the facts that a restored database lost (law 9). Called in the order of the
 * log, in the transaction that puts the facts back. Takes away and never gives: what a fact does not tell whole stays
 * away. Every bean of this type takes part.
 */
public interface Replay {
  /** What came of a fact. */
  enum Effect {
    /** It is nothing to this owner, or needs nothing. */
    NONE,
    /** The tables are as after it. */
    DONE,
    /** Somebody has to do it again by hand. */
    BY_HAND
  }

  /** @param further takes facts about what is done beyond what was lost */
  Effect replay(Connection transaction, LogEntry lost, Consumer<Fact> further) throws SQLException;

  /**
   * After the last fact.
   *
   * @param lists the highest number of revocation lists given out by authority, as far as any marks know
   * @return facts about what was done beyond the lost ones
   */
  default List<Fact> end(Connection transaction, Actor by, Map<String, Long> lists)
      throws SQLException {
    return List.of();
  }
}
