package io.sallyport.devices;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Batches.Claim;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Refusal;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Takes rows for a block of certificates, within the transaction that prepares it. */
final class BatchClaims {
  private final BatchTable table;
  private final BatchRowTable rows;
  private final Audit audit;
  private final Instant now;

  BatchClaims(BatchTable table, BatchRowTable rows, Audit audit, Clock clock) {
    this.table = table;
    this.rows = rows;
    this.audit = audit;
    this.now = clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  Map<String, Refusal> claim(
      UUID batch,
      UUID block,
      List<Claim> claims,
      @Nullable String station,
      Function<Collection<UUID>, Set<UUID>> underWay,
      Actor actor)
      throws SQLException {
    Map<String, Refusal> refused = new HashMap<>();
    List<Claim> fresh = claims.stream()
        .filter(Claim::fresh)
        .sorted(Comparator.comparing((Claim claim) -> claim.device().hardware().serialNumber()))
        .toList();
    if (fresh.isEmpty()) {
      if (!table.holdOpen(batch)) {
        throw BatchRefusals.closedBatch();
      }
    } else {
      register(batch, fresh, refused, actor);
    }
    List<Claim> left =
        claims.stream().filter(claim -> !refused.containsKey(claim.key())).toList();
    lock(batch, left, station, underWay, refused);
    rows.note(
        batch,
        block,
        station,
        left.stream().filter(claim -> !refused.containsKey(claim.key())).toList());
    return refused;
  }

  /** The row of the order is locked first, so that never more than ordered are made. */
  private void register(UUID batch, List<Claim> fresh, Map<String, Refusal> refused, Actor actor)
      throws SQLException {
    int left = table.lockOpen(batch).orElseThrow(BatchRefusals::closedBatch);
    List<Claim> within = new ArrayList<>(fresh.subList(0, Math.min(left, fresh.size())));
    fresh
        .subList(within.size(), fresh.size())
        .forEach(claim -> refused.put(claim.key(), BatchRefusals.quota()));
    if (within.isEmpty()) {
      return;
    }
    Batch order = table.find(batch).orElseThrow();
    rows.addUnits(
        order,
        within.stream().map(claim -> claim.device().hardware().serialNumber()).toList(),
        within.stream().map(claim -> claim.device().hardware().id()).toList());
    Map<String, UUID> units = rows.unitIds(order, within);
    within.removeIf(claim -> {
      boolean other = !claim
          .device()
          .hardware()
          .id()
          .equals(units.get(claim.device().hardware().serialNumber()));
      if (other) {
        // Made since somebody looked; or another model's.
        refused.put(claim.key(), BatchRefusals.inProgress());
      }
      return other;
    });
    keep(within, rows.addRows(batch, within), Claim::key, refused);
    Set<UUID> made = rows.addDevices(within, now);
    List<Claim> taken =
        within.stream().filter(claim -> !made.contains(claim.device().id())).toList();
    taken.forEach(claim -> refused.put(
        claim.key(), BatchRefusals.otherRow(claim.device().hardware().serialNumber())));
    if (!taken.isEmpty()) {
      rows.dropRows(batch, taken.stream().map(Claim::key).toList());
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

  private static <T> void keep(
      List<Claim> claims, Set<T> made, Function<Claim, T> what, Map<String, Refusal> refused) {
    claims.removeIf(claim -> {
      boolean missing = !made.contains(what.apply(claim));
      if (missing) {
        refused.put(claim.key(), BatchRefusals.inProgress());
      }
      return missing;
    });
  }

  private void lock(
      UUID batch,
      List<Claim> claims,
      @Nullable String station,
      Function<Collection<UUID>, Set<UUID>> underWay,
      Map<String, Refusal> refused)
      throws SQLException {
    Map<String, BatchRowTable.Locked> locked =
        rows.lock(batch, claims.stream().map(Claim::key).toList());
    Set<UUID> noted = new HashSet<>();
    locked.values().forEach(row -> {
      if (row.block() != null) {
        noted.add(row.block());
      }
    });
    Set<UUID> running = noted.isEmpty() ? Set.of() : underWay.apply(noted);
    for (Claim claim : claims) {
      BatchRowTable.Locked row = locked.get(claim.key());
      if (row == null || !row.device().equals(claim.device().id())) {
        refused.put(claim.key(), BatchRefusals.inProgress());
      } else if (row.issued()) {
        // Since somebody looked: whoever looks again finds it.
        refused.put(claim.key(), BatchRefusals.inProgress());
      } else if (row.givenUp()) {
        refused.put(claim.key(), BatchRefusals.givenUp());
      } else if (row.block() != null && running.contains(row.block())) {
        refused.put(
            claim.key(),
            Objects.equals(row.station(), station)
                ? BatchRefusals.inProgress()
                : BatchRefusals.otherRow(claim.device().hardware().serialNumber()));
      } else if (!row.state().may(Operation.ENROLL)) {
        refused.put(
            claim.key(),
            new Refusal(
                DeviceProblem.STATE_FORBIDS,
                "The device is " + row.state().word() + ", which does not allow it to enroll."));
      }
    }
  }
}
