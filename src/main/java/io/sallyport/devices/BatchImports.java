package io.sallyport.devices;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Batches.Claim;
import io.sallyport.devices.Batches.Imported;
import io.sallyport.devices.Batches.Listed;
import io.sallyport.devices.Batches.Unit;
import io.sallyport.devices.Batches.WorkOrder;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Registers what a file lists, within one transaction. */
final class BatchImports {
  /** Of a device that has none yet. */
  private static final Digest NO_KEY = Digest.of();

  private final BatchTable table;
  private final BatchRowTable rows;
  private final Audit audit;
  private final Ids ids;
  private final Instant now;

  BatchImports(BatchTable table, BatchRowTable rows, Audit audit, Ids ids, Clock clock) {
    this.table = table;
    this.rows = rows;
    this.audit = audit;
    this.ids = ids;
    this.now = clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  List<Imported> register(UUID batch, UUID file, List<Listed> listed, Actor actor)
      throws SQLException {
    int left = table.lockOpen(batch).orElseThrow(BatchRefusals::closedBatch);
    Batch order = table.find(batch).orElseThrow();
    Looked looked = look(order, listed, left);
    List<Claim> made = make(order, looked);
    table.registered(batch, made.size());
    if (!made.isEmpty()) {
      audit.record(Fact.of("devices.imported", actor, StoredBatches.SUBJECT, batch)
          .with("import", file)
          .with("from", listed.getFirst().line())
          .with("to", listed.getLast().line())
          .with("count", made.size())
          .with("sha256", digest(made)));
    }
    return looked.answers(listed);
  }

  /** What would become of them, after {@code before} others were registered. */
  List<Imported> check(UUID batch, List<Listed> listed, int before) throws SQLException {
    Batch order = table
        .find(batch)
        .filter(found -> found.state() == Batch.State.OPEN)
        .orElseThrow(BatchRefusals::closedBatch);
    int left = Math.max(0, order.order().ordered() - order.registered() - before);
    return look(order, listed, left).answers(listed);
  }

  /** What the inventory says of rows. */
  private record Looked(
      Set<String> existing,
      Set<Long> doubled,
      Map<String, Refusal> refused,
      Map<String, Listed> fresh,
      Map<String, Unit> units) {
    List<Imported> answers(List<Listed> listed) {
      return listed.stream()
          .map(row -> new Imported(
              row,
              existing.contains(row.key()),
              doubled.contains(row.line())
                  ? BatchRefusals.otherRow(row.serialNumber())
                  : refused.get(row.key())))
          .toList();
    }
  }

  private Looked look(Batch batch, List<Listed> listed, int left) throws SQLException {
    Map<String, BatchRowTable.Known> known =
        rows.known(batch.id(), listed.stream().map(Listed::key).toList());
    Map<String, Unit> units = rows.units(
        batch.manufacturer(),
        listed.stream()
            .filter(row -> !known.containsKey(row.key()))
            .map(Listed::serialNumber)
            .toList());
    Looked looked =
        new Looked(new HashSet<>(), new HashSet<>(), new HashMap<>(), new LinkedHashMap<>(), units);
    for (Listed row : listed) {
      BatchRowTable.Known there = known.get(row.key());
      if (there != null && there.givenUp()) {
        looked.refused.put(row.key(), BatchRefusals.givenUp());
      } else if (there != null && there.serialNumber().equals(row.serialNumber())) {
        looked.existing.add(row.key());
      } else if (looked.fresh.containsKey(row.key())) {
        looked.doubled.add(row.line());
      } else if (there != null || !mayHave(batch, units.get(row.serialNumber()))) {
        looked.refused.put(row.key(), BatchRefusals.otherRow(row.serialNumber()));
      } else if (looked.fresh.size() >= left) {
        looked.refused.put(row.key(), BatchRefusals.quota());
      } else {
        looked.fresh.put(row.key(), row);
      }
    }
    return looked;
  }

  private static boolean mayHave(Batch batch, @Nullable Unit unit) {
    return unit == null || !unit.inUse() && unit.model().equals(batch.order().model());
  }

  private List<Claim> make(Batch batch, Looked looked) throws SQLException {
    if (looked.fresh.isEmpty()) {
      return List.of();
    }
    List<Claim> claims = looked.fresh.values().stream()
        .sorted(Comparator.comparing(Listed::serialNumber))
        .map(row -> claim(batch.order(), row, looked.units.get(row.serialNumber())))
        .collect(Collectors.toCollection(ArrayList::new));
    List<HardwareUnit> unknown = claims.stream()
        .map(claim -> claim.device().hardware())
        .filter(unit -> !looked.units.containsKey(unit.serialNumber()))
        .toList();
    Set<String> units = rows.addUnits(
        batch,
        unknown.stream().map(HardwareUnit::serialNumber).toList(),
        unknown.stream().map(HardwareUnit::id).toList());
    keep(claims, looked, claim -> {
      String serial = claim.device().hardware().serialNumber();
      // Or somebody else recorded it meanwhile.
      return looked.units.containsKey(serial) || units.contains(serial);
    });
    Set<String> added = rows.addRows(batch.id(), claims);
    keep(claims, looked, claim -> added.contains(claim.key()));
    Set<UUID> devices = rows.addDevices(claims, now);
    List<String> without = claims.stream()
        .filter(claim -> !devices.contains(claim.device().id()))
        .map(Claim::key)
        .toList();
    keep(claims, looked, claim -> devices.contains(claim.device().id()));
    if (!without.isEmpty()) {
      rows.dropRows(batch.id(), without);
    }
    return claims;
  }

  private Claim claim(WorkOrder order, Listed row, @Nullable Unit unit) {
    UUID id = unit == null ? ids.next() : unit.id();
    return new Claim(
        row.key(),
        new Device(
            ids.next(),
            new HardwareUnit(id, order.manufacturer(), order.model(), row.serialNumber()),
            order.profile(),
            order.owner(),
            order.site(),
            row.labels(),
            DeviceState.EXPECTED,
            0,
            now),
        true,
        NO_KEY);
  }

  private static void keep(List<Claim> claims, Looked looked, Predicate<Claim> which) {
    claims.removeIf(claim -> {
      boolean refuse = !which.test(claim);
      if (refuse) {
        looked.refused.put(
            claim.key(), BatchRefusals.otherRow(claim.device().hardware().serialNumber()));
      }
      return refuse;
    });
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
}
