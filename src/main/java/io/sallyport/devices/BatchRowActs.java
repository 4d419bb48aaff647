package io.sallyport.devices;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Batches.Row;
import io.sallyport.kernel.Actor;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;

/** What an operator does with one row, within one transaction. */
final class BatchRowActs {
  private final BatchTable table;
  private final BatchRowTable rows;
  private final Audit audit;
  private final Instant now;

  BatchRowActs(BatchTable table, BatchRowTable rows, Audit audit, Clock clock) {
    this.table = table;
    this.rows = rows;
    this.audit = audit;
    this.now = clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  Row reopen(
      UUID batch,
      String key,
      Function<Collection<UUID>, Set<UUID>> underWay,
      String reason,
      Actor actor)
      throws SQLException {
    if (!table.holdOpen(batch)) {
      throw BatchRefusals.closedBatch();
    }
    Row row = lock(batch, key, underWay);
    if (row.givenUp()) {
      throw BatchRefusals.givenUp();
    }
    if (row.certificate() != null) {
      rows.reopen(batch, key);
      table.issued(batch, -1);
      audit.record(fact("batch.row-reopened", batch, row, reason, actor));
    }
    return row;
  }

  Row giveUp(
      UUID batch,
      String key,
      Function<Collection<UUID>, Set<UUID>> underWay,
      String reason,
      Actor actor)
      throws SQLException {
    // Alone: another may take the row's place in what was ordered.
    if (table.lockOpen(batch).isEmpty()) {
      throw BatchRefusals.closedBatch();
    }
    Row row = lock(batch, key, underWay);
    if (!row.givenUp()) {
      rows.giveUp(batch, key, now);
      table.registered(batch, -1);
      table.givenUp(batch, 1);
      if (row.certificate() != null) {
        table.issued(batch, -1);
      }
      audit.record(fact("batch.row-given-up", batch, row, reason, actor));
    }
    return row;
  }

  private Row lock(UUID batch, String key, Function<Collection<UUID>, Set<UUID>> underWay)
      throws SQLException {
    BatchRowTable.Locked locked = rows.lock(batch, List.of(key)).get(key);
    if (locked == null) {
      throw BatchRefusals.unknownRow(key);
    }
    if (locked.block() != null && !underWay.apply(Set.of(locked.block())).isEmpty()) {
      throw BatchRefusals.inProgress();
    }
    return Objects.requireNonNull(rows.rows(batch, List.of(key)).get(key));
  }

  private static Fact fact(String kind, UUID batch, Row row, String reason, Actor actor) {
    Fact fact = Fact.of(kind, actor, StoredBatches.SUBJECT, batch)
        .with("row", row.key())
        .with("device", row.device().id())
        .with("serial_number", row.device().hardware().serialNumber())
        .with("reason", reason);
    return row.certificate() == null ? fact : fact.with("certificate", row.certificate());
  }
}
