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
    Map<String, Refusal> refused = new HashMap<>();
    Set<String> existing = new HashSet<>();
    Map<String, String> known =
        rows.serials(batch, listed.stream().map(Listed::key).toList());
    Map<String, Listed> fresh = new LinkedHashMap<>();
    Set<Long> doubled = new HashSet<>();
    for (Listed row : listed) {
      String serial = known.get(row.key());
      if (serial != null) {
        if (serial.equals(row.serialNumber())) {
          existing.add(row.key());
        } else {
          refused.put(row.key(), BatchRefusals.otherRow(row.serialNumber()));
        }
      } else if (fresh.size() >= left) {
        refused.put(row.key(), BatchRefusals.quota());
      } else if (fresh.putIfAbsent(row.key(), row) != null) {
        doubled.add(row.line());
      }
    }
    List<Claim> made = make(order, fresh, refused);
    table.registered(batch, made.size());
    if (!made.isEmpty()) {
      audit.record(Fact.of("devices.imported", actor, StoredBatches.SUBJECT, batch)
          .with("import", file)
          .with("from", listed.getFirst().line())
          .with("to", listed.getLast().line())
          .with("count", made.size())
          .with("sha256", digest(made)));
    }
    return listed.stream()
        .map(row -> new Imported(
            row,
            existing.contains(row.key()),
            doubled.contains(row.line())
                ? BatchRefusals.otherRow(row.serialNumber())
                : refused.get(row.key())))
        .toList();
  }

  private List<Claim> make(Batch batch, Map<String, Listed> fresh, Map<String, Refusal> refused)
      throws SQLException {
    if (fresh.isEmpty()) {
      return List.of();
    }
    List<Listed> sorted = fresh.values().stream()
        .sorted(Comparator.comparing(Listed::serialNumber))
        .toList();
    rows.addUnits(
        batch,
        sorted.stream().map(Listed::serialNumber).toList(),
        sorted.stream().map(any -> ids.next()).toList());
    Map<String, Unit> units = rows.units(
        batch.manufacturer(), sorted.stream().map(Listed::serialNumber).toList());
    WorkOrder order = batch.order();
    List<Claim> claims = new ArrayList<>();
    for (Listed row : sorted) {
      Unit unit = units.get(row.serialNumber());
      if (unit == null || unit.inUse() || !unit.model().equals(order.model())) {
        refused.put(row.key(), BatchRefusals.otherRow(row.serialNumber()));
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
    Set<String> added = rows.addRows(batch.id(), claims);
    claims.removeIf(claim -> drop(claim, !added.contains(claim.key()), refused));
    Set<UUID> devices = rows.addDevices(claims, now);
    List<String> without = claims.stream()
        .filter(claim -> !devices.contains(claim.device().id()))
        .map(Claim::key)
        .toList();
    claims.removeIf(claim -> drop(claim, !devices.contains(claim.device().id()), refused));
    if (!without.isEmpty()) {
      rows.dropRows(batch.id(), without);
    }
    return claims;
  }

  private static boolean drop(Claim claim, boolean refuse, Map<String, Refusal> refused) {
    if (refuse) {
      refused.put(claim.key(), BatchRefusals.otherRow(claim.device().hardware().serialNumber()));
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
}
