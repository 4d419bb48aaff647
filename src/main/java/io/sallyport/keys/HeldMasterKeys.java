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

  private final AtomicLong lookedAt =
      new AtomicLong(System.nanoTime() - LOOK_AT_MOST_EVERY.toNanos());
  private final MasterKeySource source;
  private final DataSource database;
  private final Transactions transactions;
  private final List<SealedColumn> columns;
  private final Duration transit;
  private final SecureRandom random;
  private final MasterKeyRegistry registry;
  private final Resealing resealing;
  private volatile @Nullable KeyRing ring;
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
    this.columns = Stream.concat(Stream.of(SealedColumn.ofKeys()), columns.stream())
        .sorted(Comparator.comparing(SealedColumn::name))
        .toList();
    this.transit = transits.stream()
        .map(SealedInTransit::longest)
        .max(Duration::compareTo)
        .orElse(Duration.ZERO);
    this.random = random;
    this.registry = new MasterKeyRegistry(database, changed, clock);
    this.resealing =
        new Resealing(this::ring, database, transactions, changed, this.columns, random, clock);
  }

  /** Runs something in a transaction of its own. */
  interface Transactions {
    <T> T call(Callable<T> work);
  }

  private static <T> T inTransaction(Callable<T> work) {
    return QuarkusTransaction.requiringNew().call(work);
  }

  byte[] seal(byte[] secret, String context) {
    return ring().current().seal(secret, context, random);
  }

  /** Throws {@link IllegalStateException} for what was altered; refuses with {@code unavailable} for want of a key. */
  byte[] unseal(byte[] sealed, String context) {
    byte[] secret = ring().opened(sealed, context);
    if (secret != null) {
      return secret;
    }
    String id = MasterKey.idIn(sealed);
    if (id != null && !ring().held().containsKey(id)) {
      boolean used = look(id);
      secret = ring().opened(sealed, context);
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

  private KeyRing ring() {
    KeyRing known = ring;
    if (known == null) {
      take(source.read(), rows());
      known = Objects.requireNonNull(ring);
    }
    return known;
  }

  /** Holds these keys from now on; the current one is what the database says, whatever their order. */
  private synchronized void take(List<MasterKey> keys, List<MasterKeyTable.Row> rows) {
    MasterKeyRegistry.require(keys, rows);
    Map<String, MasterKey> held = KeyRing.byId(keys);
    MasterKey current = rows.isEmpty()
        ? keys.getFirst()
        : Objects.requireNonNull(held.get(rows.getLast().id()));
    remember(rows);
    ring = new KeyRing(held, current);
  }

  @Override
  public void read() {
    List<MasterKey> keys = source.read();
    List<MasterKeyTable.Row> rows = rows();
    MasterKeyRegistry.require(keys, rows);
    String first = keys.getFirst().id();
    if (rows.stream().noneMatch(row -> row.id().equals(first))) {
      rows = transactions.call(() -> registry.register(keys));
    }
    String current = rows.getLast().id();
    tellOrder(first, current);
    KeyRing before = ring;
    take(keys, rows);
    if (before == null || !before.current().id().equals(current)) {
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
            row -> row.resealedAt() == null && !row.id().equals(ring().current().id()));
  }

  @Override
  public boolean reseal(BooleanSupplier goOn) {
    read();
    return resealing.reseal(goOn);
  }

  @Override
  public Standing standing() {
    KeyRing known = ring();
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
            known.held().containsKey(row.id()),
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
}
