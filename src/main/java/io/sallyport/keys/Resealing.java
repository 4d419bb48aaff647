package io.sallyport.keys;

import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jboss.logging.Logger;

/** Seals everything stored under the current master key, in batches that commit by themselves. */
final class Resealing {
  private static final Logger LOG = Logger.getLogger(Resealing.class);
  /** By then every transaction that began before has ended, and every node with the new file has taken it up. */
  private static final Duration SETTLES = Duration.ofMinutes(1);

  private final Supplier<KeyRing> ring;
  private final DataSource database;
  private final HeldMasterKeys.Transactions transactions;
  private final Consumer<MasterKeyChange> changed;
  private final List<SealedColumn> columns;
  private final SecureRandom random;
  private final Clock clock;

  /** @param ring the keys that are held at the moment */
  Resealing(
      Supplier<KeyRing> ring,
      DataSource database,
      HeldMasterKeys.Transactions transactions,
      Consumer<MasterKeyChange> changed,
      List<SealedColumn> columns,
      SecureRandom random,
      Clock clock) {
    this.ring = ring;
    this.database = database;
    this.transactions = transactions;
    this.changed = changed;
    this.columns = columns;
    this.random = random;
    this.clock = clock;
  }

  boolean reseal(BooleanSupplier goOn) {
    MasterKey current = ring.get().current();
    long unreadable = 0;
    for (SealedColumn column : columns) {
      List<String> after = List.of();
      do {
        if (!goOn.getAsBoolean()) {
          return false;
        }
        List<String> from = after;
        Batch batch = transactions.call(() -> batch(column, from, current));
        unreadable += batch.unreadable;
        after = batch.last;
      } while (!after.isEmpty());
    }
    long found = unreadable;
    return transactions.call(() -> retired(current, found));
  }

  /** @param last the primary key to go on after; empty when the column is through */
  private record Batch(List<String> last, int unreadable) {}

  private Batch batch(SealedColumn column, List<String> after, MasterKey current) {
    try (Connection transaction = database.getConnection()) {
      List<MasterKeyTable.Sealed> found =
          MasterKeyTable.sealedOtherwise(transaction, column, after, current.header());
      int resealed = 0;
      int unreadable = 0;
      for (MasterKeyTable.Sealed value : found) {
        byte[] secret = ring.get().opened(value.value(), value.context());
        if (secret == null) {
          unreadable++;
          LOG.warnf(
              "A value in %s (%s) cannot be opened: it was altered",
              column.name(), value.primaryKey());
        } else {
          resealed += MasterKeyTable.replace(
              transaction, column, value, current.seal(secret, value.context(), random));
        }
      }
      if (resealed > 0) {
        changed.accept(new MasterKeyChange.Resealed(column.name(), current.id(), resealed));
      }
      return new Batch(
          found.size() < MasterKeyTable.MOST ? List.of() : found.getLast().primaryKey(),
          unreadable);
    } catch (SQLException e) {
      throw new IllegalStateException(column.name() + " cannot be sealed again", e);
    }
  }

  /** Keys before the current one are done with when nothing is left under them. */
  private boolean retired(MasterKey current, long unreadable) {
    try (Connection transaction = database.getConnection()) {
      long left = 0;
      for (SealedColumn column : columns) {
        left += MasterKeyTable.countOtherwise(transaction, column, current.header());
      }
      // Rows that others had locked, and what a node sealed that did not know yet: the next run.
      if (left > unreadable || !settled(MasterKeyTable.rows(transaction))) {
        return false;
      }
      for (String id : MasterKeyTable.retire(transaction, current.id(), now())) {
        changed.accept(new MasterKeyChange.Retired(id, unreadable));
        LOG.infof("Nothing is stored under master key %s any more", id);
      }
      return true;
    } catch (SQLException e) {
      throw new IllegalStateException("the master keys cannot be told apart", e);
    }
  }

  private boolean settled(List<MasterKeyTable.Row> rows) {
    return rows.getLast().currentSince().plus(SETTLES).isBefore(clock.instant());
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}
