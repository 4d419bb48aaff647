package io.sallyport.audit;

import io.sallyport.kernel.Ids;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import jakarta.transaction.Transactional;
import jakarta.transaction.Transactional.TxType;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.util.List;
import java.util.UUID;
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
    write(List.of(fact));
  }

  @Override
  @Transactional(TxType.MANDATORY)
  public void recordAll(List<Fact> all) {
    if (!all.isEmpty()) {
      write(all);
    }
  }

  @Override
  @Transactional(TxType.REQUIRES_NEW)
  public void recordRefusal(Fact fact) {
    write(List.of(fact));
  }

  private void write(List<Fact> all) {
    List<UUID> ids;
    try (Connection transaction = database.getConnection()) {
      ids = facts.insert(transaction, all);
    } catch (SQLException e) {
      throw new IllegalStateException(
          "the fact " + all.getFirst().kind() + " could not be recorded", e);
    }
    for (int i = 0; i < ids.size(); i++) {
      recorded.fire(new FactRecorded(ids.get(i), all.get(i)));
    }
  }
}
