package io.sallyport.audit;

import io.sallyport.kernel.Ids;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;

/** Records facts in the transactions of a {@link JobLease}, so that what the job does commits with them. */
public final class JobFacts {
  private final FactTable facts;

  public JobFacts(Clock clock, Ids ids) {
    this.facts = new FactTable(clock, ids);
  }

  /** In the transaction under way; the sequencer finds it by itself. */
  public void record(Connection transaction, Fact fact) throws SQLException {
    facts.insert(transaction, fact);
  }
}
