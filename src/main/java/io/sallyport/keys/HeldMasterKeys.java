package io.sallyport.keys;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.event.Event;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The master keys that this node holds, and in the database which of them is current for all nodes. */
@Singleton
final class HeldMasterKeys implements MasterKeys {
  private static final Logger LOG = Logger.getLogger(HeldMasterKeys.class);
  /** A value under a key that is not held makes the file be read; what strangers send may look like one. */
  private static final Duration LOOK_AT_MOST_EVERY = Duration.ofSeconds(1);
  /** By then every transaction that began before has ended, and every node with the new file has taken it up. */
  private static final Duration SETTLES = Duration.ofMinutes(1);

  private final AtomicLong lookedAt =
      new AtomicLong(System.nanoTime() - LOOK_AT_MOST_EVERY.toNanos());
  private final MasterKeySource source;
  private final DataSource database;
  private final Transactions transactions;
  private final Consumer<MasterKeyChange> changed;
  private final List<SealedColumn> columns;
  private final Duration transit;
  private final SecureRandom random;
  private final Clock clock;
  private volatile @Nullable Ring ring;
  /** The ids of all keys that were ever current. */
  private volatile Set<String> used = Set.of();

  private @Nullable String outOfOrder;

  @Inject
  HeldMasterKeys(
      KeySettings settings,
      DataSource database,
      Event<MasterKeyChange> changes,
      Instance<SealedColumn> columns,
      Instance<SealedInTransit> transits,
      SecureRandom random,
      Clock clock) {
    this(
        settings,
        database,
        HeldMasterKeys::inTransaction,
        changes::fire,
        columns.stream().toList(),
        transits.stream().toList(),
        random,
        clock);
  }

  HeldMasterKeys(
      KeySettings settings,
      DataSource database,
      Transactions transactions,
      Consumer<MasterKeyChange> changed,
      List<SealedColumn> columns,
      List<SealedInTransit> transits,
      SecureRandom random,
      Clock clock) {
    this.source = new MasterKeySource(settings);
    this.database = database;
    this.transactions = transactions;
    this.changed = changed;
    this.columns = Stream.concat(Stream.of(SealedColumn.ofKeys()), columns.stream())
        .sorted(Comparator.comparing(SealedColumn::name))
        .toList();
    this.transit = transits.stream()
        .map(SealedInTransit::longest)
        .max(Duration::compareTo)
        .orElse(Duration.ZERO);
    this.random = random;
    this.clock = clock;
  }

  /** Runs something in a transaction of its own. */
  interface Transactions {
    <T> T call(Callable<T> work);
  }

  private static <T> T inTransaction(Callable<T> work) {
    return QuarkusTransaction.requiringNew().call(work);
  }

  /** The keys that are held, by their ids, and the one to seal under. */
  private record Ring(Map<String, MasterKey> held, MasterKey current) {}

  byte[] seal(byte[] secret, String context) {
    return ring().current.seal(secret, context, random);
  }

  /** Throws {@link IllegalStateException} for what was altered; refuses with {@code unavailable} for want of a key. */
  byte[] unseal(byte[] sealed, String context) {
    byte[] secret = opened(ring(), sealed, context);
    if (secret != null) {
      return secret;
    }
    String id = MasterKey.idIn(sealed);
    if (id != null && !ring().held.containsKey(id)) {
      boolean used = look(id);
      secret = opened(ring(), sealed, context);
      if (secret != null) {
        return secret;
      }
      if (used) {
        throw missing(id);
      }
    }
    throw new IllegalStateException("what is stored for " + context
        + " was altered, or it was sealed under another master key than those that are held");
  }

  private static byte @Nullable [] opened(Ring ring, byte[] sealed, String context) {
    MasterKey named = ring.held.get(String.valueOf(MasterKey.idIn(sealed)));
    byte[] secret = named == null ? null : named.open(sealed, context);
    if (secret == null) {
      for (MasterKey key : ring.held.values()) {
        secret = secret == null && key != named ? key.open(sealed, context) : secret;
      }
    }
    return secret;
  }

  /** Whether the key is one that something was sealed under; looks for it in the file then. */
  private boolean look(String id) {
    long now = System.nanoTime();
    long last = lookedAt.get();
    if (now - last < LOOK_AT_MOST_EVERY.toNanos() || !lookedAt.compareAndSet(last, now)) {
      return used.contains(id);
    }
    try {
      List<MasterKeyTable.Row> rows = rows();
      remember(rows);
      if (used.contains(id)) {
        take(source.read(), rows);
      }
    } catch (Refusal refusal) {
      LOG.warnf(
          "A value is sealed under master key %s, which is not held: %s", id, refusal.detail());
    }
    return used.contains(id);
  }

  private void remember(List<MasterKeyTable.Row> rows) {
    used = rows.stream().map(MasterKeyTable.Row::id).collect(Collectors.toUnmodifiableSet());
  }

  private Ring ring() {
    Ring known = ring;
    if (known == null) {
      take(source.read(), rows());
      known = Objects.requireNonNull(ring);
    }
    return known;
  }

  /** Holds these keys from now on; the current one is what the database says, whatever their order. */
  private synchronized void take(List<MasterKey> keys, List<MasterKeyTable.Row> rows) {
    require(keys, rows);
    Map<String, MasterKey> held = byId(keys);
    MasterKey current = rows.isEmpty()
        ? keys.getFirst()
        : Objects.requireNonNull(held.get(rows.getLast().id()));
    remember(rows);
    ring = new Ring(held, current);
  }

  @Override
  public void read() {
    List<MasterKey> keys = source.read();
    List<MasterKeyTable.Row> rows = rows();
    require(keys, rows);
    String first = keys.getFirst().id();
    if (rows.stream().noneMatch(row -> row.id().equals(first))) {
      rows = transactions.call(() -> registered(keys));
    }
    String current = rows.getLast().id();
    tellOrder(first, current);
    Ring before = ring;
    take(keys, rows);
    if (before == null || !before.current.id().equals(current)) {
      LOG.infof("The master key is %s", current);
    }
  }

  private synchronized void tellOrder(String first, String current) {
    if (first.equals(current)) {
      outOfOrder = null;
    } else if (!first.equals(outOfOrder)) {
      outOfOrder = first;
      LOG.warnf(
          "The first master key is %s, but %s came after it and stays the current one; put that in front.",
          first, current);
    }
  }

  /** The first of {@code keys} is made the current one, unless another node was quicker. */
  private List<MasterKeyTable.Row> registered(List<MasterKey> keys) {
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
  private static void require(List<MasterKey> keys, List<MasterKeyTable.Row> rows) {
    Set<String> held = byId(keys).keySet();
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

  private static Refusal missing(String id) {
    return new Refusal(
        CommonProblem.UNAVAILABLE,
        "What is needed is sealed under master key " + id
            + ", which this node does not hold; put it into the master key file of every node.");
  }

  @Override
  public boolean unfinished() {
    return rows().stream()
        .anyMatch(
            row -> row.resealedAt() == null && !row.id().equals(ring().current.id()));
  }

  @Override
  public boolean reseal(BooleanSupplier goOn) {
    read();
    MasterKey current = ring().current;
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
        byte[] secret = opened(ring(), value.value(), value.context());
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

  @Override
  public Standing standing() {
    Ring known = ring();
    try (Connection connection = database.getConnection()) {
      List<MasterKeyTable.Row> rows = MasterKeyTable.rows(connection);
      Map<String, Long> counts = MasterKeyTable.counts(
          connection, columns, rows.stream().map(MasterKeyTable.Row::id).toList());
      List<MasterKeyState> states = new ArrayList<>();
      for (int i = rows.size() - 1; i >= 0; i--) {
        MasterKeyTable.Row row = rows.get(i);
        long values = counts.getOrDefault(row.id(), 0L);
        boolean done = i < rows.size() - 1 && row.resealedAt() != null && values == 0;
        states.add(new MasterKeyState(
            row.id(),
            i == rows.size() - 1,
            known.held.containsKey(row.id()),
            row.currentSince(),
            values,
            done ? rows.get(i + 1).currentSince().plus(transit) : null));
      }
      return new Standing(states, counts.getOrDefault(MasterKeyTable.FORMER, 0L));
    } catch (SQLException e) {
      throw new IllegalStateException("the master keys cannot be counted", e);
    }
  }

  private List<MasterKeyTable.Row> rows() {
    try (Connection connection = database.getConnection()) {
      return MasterKeyTable.rows(connection);
    } catch (SQLException e) {
      throw new IllegalStateException("the master keys' ids cannot be read", e);
    }
  }

  private static Map<String, MasterKey> byId(List<MasterKey> keys) {
    return keys.stream()
        .collect(Collectors.toMap(
            MasterKey::id, key -> key, (one, other) -> one, java.util.LinkedHashMap::new));
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}
