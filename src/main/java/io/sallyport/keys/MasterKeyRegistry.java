package io.sallyport.keys;

import io.sallyport.kernel.Refusal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Which master keys were ever current, in the database, so that all nodes agree. */
final class MasterKeyRegistry {
  private final DataSource database;
  private final Consumer<MasterKeyChange> changed;
  private final Clock clock;

  MasterKeyRegistry(DataSource database, Consumer<MasterKeyChange> changed, Clock clock) {
    this.database = database;
    this.changed = changed;
    this.clock = clock;
  }

  /** The first of {@code keys} is made the current one, unless another node was quicker. */
  List<MasterKeyTable.Row> register(List<MasterKey> keys) {
    try (Connection transaction = database.getConnection()) {
      MasterKeyTable.lock(transaction);
      List<MasterKeyTable.Row> rows = MasterKeyTable.rows(transaction);
      require(keys, rows);
      String former = rows.isEmpty() ? null : rows.getLast().id();
      int generation = rows.isEmpty() ? 0 : rows.getLast().generation();
      if (rows.isEmpty()) {
        MasterKey opens = opening(transaction, keys);
        if (opens != null && opens != keys.getFirst()) {
          former = opens.id();
          MasterKeyTable.add(transaction, former, ++generation, now());
          changed.accept(new MasterKeyChange.Current(former, null));
        }
      }
      String first = keys.getFirst().id();
      if (rows.stream().noneMatch(row -> row.id().equals(first))) {
        MasterKeyTable.add(transaction, first, ++generation, now());
        changed.accept(new MasterKeyChange.Current(first, former));
      }
      return MasterKeyTable.rows(transaction);
    } catch (SQLException e) {
      throw new IllegalStateException("the master key cannot be recorded", e);
    }
  }

  /** From before ids were recorded: the key that opens what is stored, or null when nothing is. */
  private static @Nullable MasterKey opening(Connection transaction, List<MasterKey> keys)
      throws SQLException {
    MasterKeyTable.Sealed oldest = MasterKeyTable.oldestKey(transaction);
    if (oldest == null) {
      return null;
    }
    return keys.stream()
        .filter(key -> key.open(oldest.value(), oldest.context()) != null)
        .findFirst()
        .orElseThrow(() -> new Refusal(
            KeysProblem.MASTER_KEY,
            "The keys in the database are sealed under another master key than the one given here;"
                + " give the one that this database was begun with."));
  }

  /** All that is stored can be opened. */
  static void require(List<MasterKey> keys, List<MasterKeyTable.Row> rows) {
    Set<String> held = KeyRing.byId(keys).keySet();
    List<String> missing = rows.stream()
        .filter(row -> row.resealedAt() == null)
        .map(MasterKeyTable.Row::id)
        .filter(id -> !held.contains(id))
        .toList();
    if (!missing.isEmpty()) {
      throw new Refusal(
          KeysProblem.MASTER_KEY,
          "What the database holds is sealed under master key " + String.join(" and ", missing)
              + ", but the keys given here are " + String.join(", ", held)
              + ". Put the missing one back into the master key file, from its copy; a key may only be taken away"
              + " when \"./sallyport admin keys master\" says that it is no longer needed.");
    }
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}
