package io.sallyport.devices;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Der;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
  private static final String SUBJECT = "batch";
  /** Of a device that has none yet. */
  private static final Digest NO_KEY = Digest.of();

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
    T on(BatchTable table) throws SQLException;
  }

  private <T> T with(Work<T> work) {
    try (Connection connection = database.getConnection()) {
      return work.on(new BatchTable(connection));
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
    Batch batch = with(table -> {
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
    return with(table -> table.find(id))
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
        with(table -> table.list(sites, after, most + 1)),
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
    return with(table -> table.rows(batch, keys));
  }

  @Override
  @Transactional
  public Map<String, Unit> units(UUID manufacturer, Collection<String> serialNumbers) {
    return with(table -> table.units(manufacturer, serialNumbers));
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
    return with(table -> {
      Map<String, Refusal> refused = new HashMap<>();
      List<Claim> fresh = claims.stream()
          .filter(Claim::fresh)
          .sorted(
              Comparator.comparing((Claim claim) -> claim.device().hardware().serialNumber()))
          .toList();
      if (fresh.isEmpty()) {
        if (!table.holdOpen(batch)) {
          throw closedBatch();
        }
      } else {
        register(table, batch, fresh, refused, actor);
      }
      List<Claim> left =
          claims.stream().filter(claim -> !refused.containsKey(claim.key())).toList();
      lock(table, batch, left, station, underWay, refused);
      table.note(
          batch,
          block,
          station,
          left.stream().filter(claim -> !refused.containsKey(claim.key())).toList());
      return refused;
    });
  }

  private static Refusal closedBatch() {
    return new Refusal(BatchProblem.BATCH_CLOSED, "The batch takes nothing more.");
  }

  /** The row of the order is locked first, so that never more than ordered are made. */
  private void register(
      BatchTable table, UUID batch, List<Claim> fresh, Map<String, Refusal> refused, Actor actor)
      throws SQLException {
    int left = table.lockOpen(batch).orElseThrow(StoredBatches::closedBatch);
    List<Claim> within = new ArrayList<>(fresh.subList(0, Math.min(left, fresh.size())));
    fresh.subList(within.size(), fresh.size()).forEach(claim -> refused.put(claim.key(), quota()));
    if (within.isEmpty()) {
      return;
    }
    Batch order = table.find(batch).orElseThrow();
    table.addUnits(
        order,
        within.stream().map(claim -> claim.device().hardware().serialNumber()).toList(),
        within.stream().map(claim -> claim.device().hardware().id()).toList());
    Map<String, UUID> units = table.unitIds(order, within);
    within.removeIf(claim -> {
      boolean other = !claim
          .device()
          .hardware()
          .id()
          .equals(units.get(claim.device().hardware().serialNumber()));
      if (other) {
        // Made since somebody looked; or another model's.
        refused.put(claim.key(), inProgress());
      }
      return other;
    });
    keep(within, table.addRows(batch, within), Claim::key, refused);
    Set<UUID> made = table.addDevices(within, now());
    List<Claim> taken =
        within.stream().filter(claim -> !made.contains(claim.device().id())).toList();
    taken.forEach(claim -> refused.put(claim.key(), taken(claim)));
    if (!taken.isEmpty()) {
      table.dropRows(batch, taken.stream().map(Claim::key).toList());
      within.removeAll(taken);
    }
    table.registered(batch, within.size());
    audit.recordAll(within.stream()
        .map(claim -> Fact.of(
                "device.registered", actor, "device", claim.device().id())
            .with("manufacturer", claim.device().hardware().manufacturer())
            .with("model", claim.device().hardware().model())
            .with("serial_number", claim.device().hardware().serialNumber())
            .with("profile", claim.device().profile())
            .with("owner", claim.device().owner())
            .with("site", claim.device().site())
            .with("batch", batch))
        .toList());
  }

  @Override
  @Transactional
  public List<Imported> register(UUID batch, UUID file, List<Listed> rows, Actor actor) {
    return with(table -> {
      int left = table.lockOpen(batch).orElseThrow(StoredBatches::closedBatch);
      Batch order = table.find(batch).orElseThrow();
      Map<String, Refusal> refused = new HashMap<>();
      Set<String> existing = new HashSet<>();
      Map<String, String> known =
          table.serials(batch, rows.stream().map(Listed::key).toList());
      Map<String, Listed> fresh = new LinkedHashMap<>();
      Set<Long> doubled = new HashSet<>();
      for (Listed row : rows) {
        String serial = known.get(row.key());
        if (serial != null) {
          if (serial.equals(row.serialNumber())) {
            existing.add(row.key());
          } else {
            refused.put(row.key(), otherRow(row.serialNumber()));
          }
        } else if (fresh.size() >= left) {
          refused.put(row.key(), quota());
        } else if (fresh.putIfAbsent(row.key(), row) != null) {
          doubled.add(row.line());
        }
      }
      List<Claim> made = make(table, order, fresh, refused);
      table.registered(batch, made.size());
      if (!made.isEmpty()) {
        audit.record(Fact.of("devices.imported", actor, SUBJECT, batch)
            .with("import", file)
            .with("from", rows.getFirst().line())
            .with("to", rows.getLast().line())
            .with("count", made.size())
            .with("sha256", digest(made)));
      }
      return rows.stream()
          .map(row -> new Imported(
              row,
              existing.contains(row.key()),
              doubled.contains(row.line()) ? otherRow(row.serialNumber()) : refused.get(row.key())))
          .toList();
    });
  }

  private static Refusal quota() {
    return new Refusal(
        BatchProblem.QUOTA,
        "All devices that were ordered are registered; make another batch for more.");
  }

  private static Refusal otherRow(String serialNumber) {
    return new Refusal(
        BatchProblem.CLAIMED_BY_ANOTHER,
        "Serial number " + serialNumber + " has a device that is not this row's.");
  }

  private List<Claim> make(
      BatchTable table, Batch batch, Map<String, Listed> fresh, Map<String, Refusal> refused)
      throws SQLException {
    if (fresh.isEmpty()) {
      return List.of();
    }
    List<Listed> sorted = fresh.values().stream()
        .sorted(Comparator.comparing(Listed::serialNumber))
        .toList();
    table.addUnits(
        batch,
        sorted.stream().map(Listed::serialNumber).toList(),
        sorted.stream().map(any -> ids.next()).toList());
    Map<String, Unit> units = table.units(
        batch.manufacturer(), sorted.stream().map(Listed::serialNumber).toList());
    WorkOrder order = batch.order();
    Instant now = now();
    List<Claim> claims = new ArrayList<>();
    for (Listed row : sorted) {
      Unit unit = units.get(row.serialNumber());
      if (unit == null || unit.inUse() || !unit.model().equals(order.model())) {
        refused.put(row.key(), otherRow(row.serialNumber()));
        continue;
      }
      claims.add(new Claim(
          row.key(),
          new Device(
              ids.next(),
              new HardwareUnit(unit.id(), order.manufacturer(), order.model(), row.serialNumber()),
              order.profile(),
              order.owner(),
              order.site(),
              row.labels(),
              DeviceState.EXPECTED,
              0,
              now),
          true,
          NO_KEY));
    }
    Set<String> rows = table.addRows(batch.id(), claims);
    claims.removeIf(claim -> drop(claim, !rows.contains(claim.key()), refused));
    Set<UUID> devices = table.addDevices(claims, now);
    List<String> without = claims.stream()
        .filter(claim -> !devices.contains(claim.device().id()))
        .map(Claim::key)
        .toList();
    claims.removeIf(claim -> drop(claim, !devices.contains(claim.device().id()), refused));
    if (!without.isEmpty()) {
      table.dropRows(batch.id(), without);
    }
    return claims;
  }

  private static boolean drop(Claim claim, boolean refuse, Map<String, Refusal> refused) {
    if (refuse) {
      refused.put(claim.key(), otherRow(claim.device().hardware().serialNumber()));
    }
    return refuse;
  }

  /** Over a line for each device in the order of the serial numbers: row, serial number and device. */
  private static Digest digest(List<Claim> made) {
    StringBuilder lines = new StringBuilder();
    made.forEach(claim -> lines
        .append(claim.key())
        .append('\t')
        .append(claim.device().hardware().serialNumber())
        .append('\t')
        .append(claim.device().id())
        .append('\n'));
    return Digest.of(lines.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static <T> void keep(
      List<Claim> claims, Set<T> made, Function<Claim, T> what, Map<String, Refusal> refused) {
    claims.removeIf(claim -> {
      boolean missing = !made.contains(what.apply(claim));
      if (missing) {
        refused.put(claim.key(), inProgress());
      }
      return missing;
    });
  }

  private static Refusal inProgress() {
    return new Refusal(
        BatchProblem.ROW_IN_PROGRESS, "The row is being answered; send it again in a moment.");
  }

  static Refusal taken(Claim claim) {
    return new Refusal(
        BatchProblem.CLAIMED_BY_ANOTHER,
        "Serial number " + claim.device().hardware().serialNumber()
            + " has a device that is not this row's.");
  }

  private static void lock(
      BatchTable table,
      UUID batch,
      List<Claim> claims,
      @Nullable String station,
      Function<Collection<UUID>, Set<UUID>> underWay,
      Map<String, Refusal> refused)
      throws SQLException {
    Map<String, BatchTable.Locked> rows =
        table.lock(batch, claims.stream().map(Claim::key).toList());
    Set<UUID> noted = new HashSet<>();
    rows.values().forEach(row -> {
      if (row.block() != null) {
        noted.add(row.block());
      }
    });
    Set<UUID> running = noted.isEmpty() ? Set.of() : underWay.apply(noted);
    for (Claim claim : claims) {
      BatchTable.Locked row = rows.get(claim.key());
      if (row == null || !row.device().equals(claim.device().id())) {
        refused.put(claim.key(), inProgress());
      } else if (row.issued()) {
        // Since somebody looked: whoever looks again finds it.
        refused.put(claim.key(), inProgress());
      } else if (row.block() != null && running.contains(row.block())) {
        refused.put(
            claim.key(), Objects.equals(row.station(), station) ? inProgress() : taken(claim));
      } else if (!row.state().may(Operation.ENROLL)) {
        refused.put(
            claim.key(),
            new Refusal(
                DeviceProblem.STATE_FORBIDS,
                "The device is " + row.state().word() + ", which does not allow it to enroll."));
      }
    }
  }

  @Override
  @Transactional(Transactional.TxType.MANDATORY)
  public void issued(UUID batch, Map<String, Digest> certificates) {
    with(table -> {
      table.issued(batch, certificates);
      return certificates;
    });
  }

  @Override
  @Transactional
  public void refused(UUID batch, long count) {
    with(table -> {
      table.refused(batch, count);
      return count;
    });
  }

  @Override
  @Transactional
  public Page<Row> list(UUID batch, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    return Page.cut(
        with(table -> table.page(batch, cursor == null ? "" : cursor, most + 1)), most, Row::key);
  }

  @Override
  @Transactional
  public Batch closing(UUID id, Actor actor) {
    return with(table -> {
      table.closing(id);
      return table.find(id).orElseThrow(() -> unknown(id));
    });
  }

  @Override
  @Transactional
  public Batch closed(UUID id, Digest manifest, Der signature, Actor actor) {
    boolean now = with(table -> table.close(id, manifest, signature, now()));
    Batch batch = get(id, Set.of());
    if (now) {
      audit.record(Fact.of("batch.closed", actor, SUBJECT, id)
          .with("registered", batch.registered())
          .with("issued", batch.issued())
          .with("manifest", manifest));
    }
    return batch;
  }

  @Override
  @Transactional
  public Der signature(UUID id) {
    return with(table -> table.signature(id))
        .orElseThrow(() -> new Refusal(
            BatchProblem.NOT_CLOSED, "A batch has a manifest once it is closed; close it first."));
  }
}
