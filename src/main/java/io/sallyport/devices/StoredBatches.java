package io.sallyport.devices;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Batches in the database. */
@ApplicationScoped
class StoredBatches implements Batches {
  static final String SUBJECT = "batch";
  private static final int MOST_ORDERED = 5_000_000;
  private static final Pattern SERIALS = Pattern.compile("[A-Za-z0-9 '()+,./:=?#*-]{1,64}");
  private static final int MOST_STARS = 4;

  private final DataSource database;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  StoredBatches(DataSource database, Audit audit, Ids ids, Clock clock) {
    this.database = database;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  private interface Work<T> {
    T on(BatchTable table, BatchRowTable rows) throws SQLException;
  }

  private <T> T with(Work<T> work) {
    return onConnection(
        connection -> work.on(new BatchTable(connection), new BatchRowTable(connection)));
  }

  private interface Query<T> {
    T on(Connection connection) throws SQLException;
  }

  private <T> T onConnection(Query<T> query) {
    try (Connection connection = database.getConnection()) {
      return query.on(connection);
    } catch (SQLException e) {
      throw new IllegalStateException("batches could not be read or written", e);
    }
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  @Override
  @Transactional
  public Batch create(WorkOrder order, Actor actor) {
    RegistrationRules.name("name", order.name());
    RegistrationRules.name("model", order.model());
    RegistrationRules.name("owner", order.owner());
    RegistrationRules.name("site", order.site());
    if (order.line() != null) {
      RegistrationRules.name("line", order.line());
    }
    if (order.ordered() < 1 || order.ordered() > MOST_ORDERED) {
      throw invalid("ordered must be a number from 1 to " + MOST_ORDERED + ".");
    }
    requirePattern(order.serialPattern());
    UUID id = ids.next();
    Batch batch = with((table, rows) -> {
      UUID manufacturer = table
          .manufacturer(order.manufacturer())
          .orElseThrow(() -> new Refusal(
              DeviceProblem.UNKNOWN_MANUFACTURER,
              "Register the manufacturer \"" + order.manufacturer() + "\" first."));
      if (!table.hasProfile(order.profile())) {
        throw new Refusal(
            DeviceProblem.UNKNOWN_PROFILE,
            "Apply the device profile \"" + order.profile() + "\" first.");
      }
      if (!table.create(id, order, manufacturer, now())) {
        throw new Refusal(
            BatchProblem.BATCH_EXISTS, "A batch is called \"" + order.name() + "\" already.");
      }
      return table.find(id).orElseThrow();
    });
    audit.record(Fact.of("batch.created", actor, SUBJECT, id)
        .with("name", order.name())
        .with("manufacturer", order.manufacturer())
        .with("model", order.model())
        .with("profile", order.profile())
        .with("site", order.site())
        .with("ordered", order.ordered()));
    return batch;
  }

  private static void requirePattern(@Nullable String pattern) {
    if (pattern != null
        && (!SERIALS.matcher(pattern).matches()
            || pattern.chars().filter(one -> one == '*').count() > MOST_STARS)) {
      throw invalid("serial_pattern has 1 to 64 characters of a serial number, # for a digit, and "
          + MOST_STARS + " times * at most for anything.");
    }
  }

  private static Refusal invalid(String detail) {
    return new Refusal(BatchProblem.INVALID_BATCH, detail);
  }

  @Override
  @Transactional
  public Batch get(UUID id, Set<String> sites) {
    return with((table, rows) -> table.find(id))
        .filter(batch -> sites.isEmpty() || sites.contains(batch.order().site()))
        .orElseThrow(() -> unknown(id));
  }

  private static Refusal unknown(UUID id) {
    return new Refusal(BatchProblem.UNKNOWN_BATCH, "No batch " + id + " is known.");
  }

  @Override
  @Transactional
  public Page<Batch> list(Set<String> sites, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    UUID after = cursor == null ? new UUID(0, 0) : UUID.fromString(cursor);
    return Page.cut(
        with((table, rows) -> table.list(sites, after, most + 1)),
        most,
        batch -> batch.id().toString());
  }

  @Override
  public void requireFit(Batch batch, String serialNumber, Map<String, String> labels) {
    WorkOrder order = batch.order();
    RegistrationRules.check(new Devices.Registration(
        order.manufacturer(),
        order.model(),
        serialNumber,
        order.profile(),
        order.owner(),
        order.site(),
        labels));
    String pattern = order.serialPattern();
    if (pattern != null && !matches(pattern, serialNumber)) {
      throw new Refusal(
          BatchProblem.SERIAL_NOT_IN_BATCH,
          "Serial numbers of this batch look like \"" + pattern + "\".");
    }
  }

  /** Few stars and short texts: it cannot go on for long. */
  private static boolean matches(String pattern, String text) {
    String expression = pattern
        .chars()
        .mapToObj(one -> switch (one) {
          case '*' -> ".*";
          case '#' -> "[0-9]";
          default -> Pattern.quote(Character.toString(one));
        })
        .collect(Collectors.joining());
    return Pattern.matches(expression, text);
  }

  @Override
  @Transactional
  public Map<String, Row> rows(UUID batch, Collection<String> keys) {
    return with((table, rows) -> rows.rows(batch, keys));
  }

  @Override
  @Transactional
  public Map<String, Unit> units(UUID manufacturer, Collection<String> serialNumbers) {
    return with((table, rows) -> rows.units(manufacturer, serialNumbers));
  }

  @Override
  @Transactional(Transactional.TxType.MANDATORY)
  public Map<String, Refusal> claim(
      UUID batch,
      UUID block,
      List<Claim> claims,
      @Nullable String station,
      Function<Collection<UUID>, Set<UUID>> underWay,
      Actor actor) {
    return with((table, rows) -> new BatchClaims(table, rows, audit, clock)
        .claim(batch, block, claims, station, underWay, actor));
  }

  @Override
  @Transactional
  public List<Imported> register(UUID batch, UUID file, List<Listed> rows, Actor actor) {
    return with((table, existing) ->
        new BatchImports(table, existing, audit, ids, clock).register(batch, file, rows, actor));
  }

  @Override
  @Transactional
  public List<Imported> check(UUID batch, List<Listed> rows, int before) {
    return with((table, existing) ->
        new BatchImports(table, existing, audit, ids, clock).check(batch, rows, before));
  }

  @Override
  @Transactional(Transactional.TxType.MANDATORY)
  public void issued(UUID batch, Map<String, Digest> certificates) {
    with((table, rows) -> {
      rows.issued(batch, certificates);
      table.issued(batch, certificates.size());
      return certificates;
    });
  }

  @Override
  @Transactional
  public void refused(UUID batch, long count) {
    with((table, rows) -> {
      table.refused(batch, count);
      return count;
    });
  }

  @Override
  @Transactional
  public void trouble(UUID batch, Trouble trouble) {
    onConnection(connection -> new BatchTroubles(connection).note(batch, trouble));
  }

  @Override
  @Transactional
  public Page<Trouble> troubles(UUID batch, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    String after = cursor == null ? "" : cursor;
    return Page.cut(
        onConnection(connection -> new BatchTroubles(connection).page(batch, after, most + 1)),
        most,
        Trouble::row);
  }

  @Override
  @Transactional(Transactional.TxType.MANDATORY)
  public Row reopen(
      UUID batch,
      String key,
      Function<Collection<UUID>, Set<UUID>> underWay,
      String reason,
      Actor actor) {
    return with((table, rows) ->
        new BatchRowActs(table, rows, audit, clock).reopen(batch, key, underWay, reason, actor));
  }

  @Override
  @Transactional(Transactional.TxType.MANDATORY)
  public Row giveUp(
      UUID batch,
      String key,
      Function<Collection<UUID>, Set<UUID>> underWay,
      String reason,
      Actor actor) {
    return with((table, rows) ->
        new BatchRowActs(table, rows, audit, clock).giveUp(batch, key, underWay, reason, actor));
  }

  @Override
  @Transactional
  public Page<Row> list(UUID batch, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    return Page.cut(
        with((table, rows) -> rows.page(batch, cursor == null ? "" : cursor, most + 1)),
        most,
        Row::key);
  }

  @Override
  @Transactional
  public Batch closing(UUID id, Actor actor) {
    return with((table, rows) -> {
      table.closing(id);
      return table.find(id).orElseThrow(() -> unknown(id));
    });
  }

  @Override
  @Transactional
  public Batch closed(UUID id, Digest manifest, Der signature, Actor actor) {
    boolean now = with((table, rows) -> table.close(id, manifest, signature, now()));
    Batch batch = get(id, Set.of());
    if (now) {
      audit.record(Fact.of("batch.closed", actor, SUBJECT, id)
          .with("registered", batch.registered())
          .with("issued", batch.issued())
          .with("given_up", batch.givenUp())
          .with("manifest", manifest));
    }
    return batch;
  }

  @Override
  @Transactional
  public Der signature(UUID id) {
    return with((table, rows) -> table.signature(id))
        .orElseThrow(() -> new Refusal(
            BatchProblem.NOT_CLOSED, "A batch has a manifest once it is closed; close it first."));
  }
}
