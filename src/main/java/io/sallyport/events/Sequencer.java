package io.sallyport.events;

import io.sallyport.audit.JobLease;
import io.sallyport.audit.SingleWriterJob;
import io.sallyport.marks.Marks;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Numbers committed facts, 1, 2, 3, …, each once and without a gap (law 8). What committed late, with an id lower than
 * facts already numbered, is simply numbered later: a fact waits until it has a number, so none is missed.
 */
final class Sequencer implements SingleWriterJob.Step {
  static final String JOB = "sequence";
  /** The channel on which every node hears that something was numbered; the sequencer alone notifies. */
  static final String CHANNEL = "sallyport_changes";

  /** Facts a transaction: bounds how long the first of a large batch waits for its commit. */
  private static final int MOST = 1000;

  private static final String WAITING = "select exists (select 1 from fact_waiting)";
  private static final String NUMBER = "select number_facts(?, ?)";

  /**
   * What waited is compared with what was numbered, and that is as much. The planner takes it for a third of all facts that
   * there ever were, and then compares each with each rather than by a hash: 1,000 facts took 75 ms of processor instead of
   * 20.
   */
  private static final String BY_HASH =
      "set local work_mem = '1GB'; set local enable_bitmapscan = off";

  private final Marks marks;
  private final WaitingLeftovers leftovers;
  private long comparedIn = -1;

  Sequencer(Marks marks, WaitingLeftovers leftovers) {
    this.marks = marks;
    this.leftovers = leftovers;
  }

  @Override
  public boolean run(JobLease lease) throws SQLException {
    if (lease.epoch() != comparedIn) {
      marks.requireForward(lease.connection());
      comparedIn = lease.epoch();
    }
    if (!waiting(lease.connection())) {
      return false;
    }
    long[] numbered = new long[1];
    lease.write((transaction, mark) -> {
      numbered[0] = number(transaction, mark);
      if (numbered[0] > 0) {
        notifyNodes(transaction);
      }
      return mark + numbered[0];
    });
    leftovers.left(numbered[0]);
    return numbered[0] == MOST;
  }

  private static boolean waiting(Connection connection) throws SQLException {
    try (Statement waiting = connection.createStatement();
        ResultSet row = waiting.executeQuery(WAITING)) {
      return row.next() && row.getBoolean(1);
    }
  }

  private static int number(Connection transaction, long mark) throws SQLException {
    try (Statement settings = transaction.createStatement();
        PreparedStatement number = transaction.prepareStatement(NUMBER)) {
      settings.execute(BY_HASH);
      number.setLong(1, mark);
      number.setInt(2, MOST);
      try (ResultSet row = number.executeQuery()) {
        row.next();
        return row.getInt(1);
      }
    }
  }

  /** Heard by the nodes when the transaction has committed. */
  private static void notifyNodes(Connection transaction) throws SQLException {
    try (Statement notify = transaction.createStatement()) {
      notify.execute("notify " + CHANNEL);
    }
  }
}
