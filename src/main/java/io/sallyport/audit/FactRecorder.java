package io.sallyport.audit;

import io.sallyport.kernel.Ids;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import jakarta.transaction.Transactional;
import jakarta.transaction.Transactional.TxType;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import javax.sql.DataSource;

/** Records facts on the connection of the transaction under way. */
@ApplicationScoped
class FactRecorder implements Audit {
  private final DataSource database;
  private final FactTable facts;
  private final Event<FactRecorded> recorded;

  FactRecorder(DataSource database, Clock clock, Ids ids, Event<FactRecorded> recorded) {
    this.database = database;
    this.facts = new FactTable(clock, ids);
    this.recorded = recorded;
  }

  @Override
  @Transactional(TxType.MANDATORY)
  public void record(Fact fact) {
    write(fact);
  }

  @Override
  @Transactional(TxType.REQUIRES_NEW)
  public void recordRefusal(Fact fact) {
    write(fact);
  }

  private void write(Fact fact) {
    try (Connection transaction = database.getConnection()) {
      facts.insert(transaction, fact);
    } catch (SQLException e) {
      throw new IllegalStateException("the fact " + fact.kind() + " could not be recorded", e);
    }
    recorded.fire(new FactRecorded(fact));
  }
}
