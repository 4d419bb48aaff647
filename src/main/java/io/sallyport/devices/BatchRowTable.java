package io.sallyport.devices;

import static io.sallyport.devices.BatchTable.digest;
import static io.sallyport.devices.BatchTable.read;
import static io.sallyport.devices.BatchTable.time;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.sallyport.devices.Batches.Claim;
import io.sallyport.devices.Batches.Row;
import io.sallyport.devices.Batches.Unit;
import io.sallyport.kernel.Digest;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The rows of batches with their units and devices, on the connection of the transaction under way. Rows are fetched by
 * their keys behind "offset 0", whatever the planner makes of tables that a line fills faster than their statistics.
 */
final class BatchRowTable {
  private static final String ROW = """
      r.row_key, r.certificate, r.key_digest, r.station, d.id, d.profile, d.owner, d.site, d.labels, d.state,
      d.revocation_counter, d.created_at, h.id, m.name, h.model, h.serial_number, r.given_up_at is not null""";
  private static final String OF_ROW = """
      cross join lateral (select * from device where id = r.device offset 0) d
      cross join lateral (select * from hardware_unit where id = d.hardware_unit offset 0) h
      join manufacturer m on m.id = h.manufacturer""";
  private static final String ROWS = "select " + ROW + """

      from unnest(?) as asked (key)
      cross join lateral (select * from batch_row where batch = ? and row_key = asked.key offset 0) r
      """ + OF_ROW;
  private static final String SERIALS = """
      select r.row_key, h.serial_number, r.given_up_at is not null from unnest(?) as asked (key)
      cross join lateral (
        select row_key, device, given_up_at from batch_row where batch = ? and row_key = asked.key offset 0) r
      cross join lateral (select hardware_unit from device where id = r.device offset 0) d
      cross join lateral (select serial_number from hardware_unit where id = d.hardware_unit offset 0) h""";
  private static final String PAGE = "select " + ROW + """

      from (select * from batch_row where batch = ? and row_key > ? order by row_key limit ?) r
      """ + OF_ROW + " order by r.row_key";
  private static final String UNITS = """
      select h.id, h.serial_number, h.model,
        exists (select 1 from device d where d.hardware_unit = h.id and d.state <> 'DECOMMISSIONED')
      from unnest(?) as asked (serial) cross join lateral (
        select * from hardware_unit where manufacturer = ? and serial_number = asked.serial offset 0) h""";
  private static final String ADD_UNITS = """
      insert into hardware_unit (id, manufacturer, model, serial_number)
      select one.id, ?, ?, one.serial from unnest(?, ?) with ordinality as one (id, serial, n) order by one.n
      on conflict (manufacturer, serial_number) do nothing returning serial_number""";
  private static final String ADD_ROWS = """
      insert into batch_row (batch, row_key, device)
      select ?, one.key, one.device from unnest(?, ?) as one (key, device) order by one.key
      on conflict do nothing returning row_key""";
  private static final String ADD_DEVICES = """
      insert into device (id, hardware_unit, profile, owner, site, labels, state, enrolled, revocation_counter, created_at)
      select one.id, one.unit, one.profile, one.owner, one.site, one.labels::jsonb, 'EXPECTED', false, 0, ?
      from unnest(?, ?, ?, ?, ?, ?) with ordinality as one (id, unit, profile, owner, site, labels, n) order by one.n
      on conflict do nothing returning id""";
  private static final String DROP_ROWS =
      "delete from batch_row where batch = ? and row_key = any (?)";
  private static final String LOCK = """
      select r.row_key, r.device, r.certificate is not null, r.station, r.block, d.state, r.given_up_at is not null
      from (select * from batch_row where batch = ? and row_key = any (?) order by row_key for update) r
      cross join lateral (select state from device where id = r.device offset 0) d""";
  private static final String NOTE = """
      update batch_row r set block = ?, station = ?, key_digest = one.digest
      from unnest(?, ?) as one (key, digest) where r.batch = ? and r.row_key = one.key""";
  private static final String ISSUED = """
      update batch_row r set block = null, certificate = one.certificate
      from unnest(?, ?) as one (key, certificate) where r.batch = ? and r.row_key = one.key""";
  private static final String REOPEN = """
      update batch_row set certificate = null, key_digest = null, station = null, block = null
      where batch = ? and row_key = ?""";
  private static final String GIVE_UP =
      "update batch_row set given_up_at = ?, block = null where batch = ? and row_key = ?";

  private final Connection transaction;

  BatchRowTable(Connection transaction) {
    this.transaction = transaction;
  }

  /** A row that nobody else changes until the transaction ends. */
  record Locked(
      UUID device,
      boolean issued,
      @Nullable String station,
      @Nullable UUID block,
      DeviceState state,
      boolean givenUp) {}

  /** What a row stands for. */
  record Known(String serialNumber, boolean givenUp) {}

  Map<String, Row> rows(UUID batch, Collection<String> keys) throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(ROWS)) {
      query.setArray(1, transaction.createArrayOf("text", keys.toArray()));
      query.setObject(2, batch);
      Map<String, Row> found = new HashMap<>();
      read(query, BatchRowTable::row).forEach(row -> found.put(row.key(), row));
      return found;
    }
  }

  /** Those of these rows that there are. */
  Map<String, Known> known(UUID batch, List<String> keys) throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(SERIALS)) {
      query.setArray(1, transaction.createArrayOf("text", keys.toArray()));
      query.setObject(2, batch);
      Map<String, Known> found = new HashMap<>();
      read(
          query,
          row -> found.put(row.getString(1), new Known(row.getString(2), row.getBoolean(3))));
      return found;
    }
  }

  List<Row> page(UUID batch, String after, int most) throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(PAGE)) {
      query.setObject(1, batch);
      query.setString(2, after);
      query.setInt(3, most);
      return read(query, BatchRowTable::row);
    }
  }

  private static Row row(ResultSet row) throws SQLException {
    return new Row(
        row.getString(1),
        new Device(
            row.getObject(5, UUID.class),
            new HardwareUnit(
                row.getObject(13, UUID.class),
                row.getString(14),
                row.getString(15),
                row.getString(16)),
            row.getString(6),
            row.getString(7),
            row.getString(8),
            labels(row.getString(9)),
            DeviceState.valueOf(row.getString(10)),
            row.getLong(11),
            row.getObject(12, OffsetDateTime.class).toInstant()),
        digest(row.getBytes(2)),
        digest(row.getBytes(3)),
        row.getString(4),
        row.getBoolean(17));
  }

  private static Map<String, String> labels(String json) {
    if (json.equals("{}")) {
      return Map.of();
    }
    try {
      return DeviceReading.labels(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("the labels of a device cannot be read", e);
    }
  }

  Map<String, Unit> units(UUID manufacturer, Collection<String> serials) throws SQLException {
    try (PreparedStatement query = transaction.prepareStatement(UNITS)) {
      query.setArray(1, transaction.createArrayOf("text", serials.toArray()));
      query.setObject(2, manufacturer);
      Map<String, Unit> found = new HashMap<>();
      read(
          query,
          row -> found.put(
              row.getString(2),
              new Unit(row.getObject(1, UUID.class), row.getString(3), row.getBoolean(4))));
      return found;
    }
  }

  /** Serial numbers in their order, each with the id of its unit if that is new; answers those that were. */
  Set<String> addUnits(Batch batch, List<String> serials, List<UUID> ids) throws SQLException {
    try (PreparedStatement add = transaction.prepareStatement(ADD_UNITS)) {
      add.setObject(1, batch.manufacturer());
      add.setString(2, batch.order().model());
      add.setArray(3, transaction.createArrayOf("uuid", ids.toArray()));
      add.setArray(4, transaction.createArrayOf("text", serials.toArray()));
      return new HashSet<>(read(add, row -> row.getString(1)));
    }
  }

  /** Of those of the batch's model. */
  Map<String, UUID> unitIds(Batch batch, List<Claim> claims) throws SQLException {
    Map<String, UUID> found = new HashMap<>();
    units(
            batch.manufacturer(),
            claims.stream()
                .map(claim -> claim.device().hardware().serialNumber())
                .toList())
        .forEach((serial, unit) -> {
          if (unit.model().equals(batch.order().model())) {
            found.put(serial, unit.id());
          }
        });
    return found;
  }

  Set<String> addRows(UUID batch, List<Claim> claims) throws SQLException {
    try (PreparedStatement add = transaction.prepareStatement(ADD_ROWS)) {
      add.setObject(1, batch);
      add.setArray(2, array("text", claims, Claim::key));
      add.setArray(3, array("uuid", claims, claim -> claim.device().id()));
      return new HashSet<>(read(add, row -> row.getString(1)));
    }
  }

  Set<UUID> addDevices(List<Claim> claims, Instant at) throws SQLException {
    try (PreparedStatement add = transaction.prepareStatement(ADD_DEVICES)) {
      add.setObject(1, time(at));
      add.setArray(2, array("uuid", claims, claim -> claim.device().id()));
      add.setArray(3, array("uuid", claims, claim -> claim.device().hardware().id()));
      add.setArray(4, array("text", claims, claim -> claim.device().profile()));
      add.setArray(5, array("text", claims, claim -> claim.device().owner()));
      add.setArray(6, array("text", claims, claim -> claim.device().site()));
      add.setArray(7, array("text", claims, claim -> json(claim.device().labels())));
      return new HashSet<>(read(add, row -> row.getObject(1, UUID.class)));
    }
  }

  private static String json(Map<String, String> labels) {
    if (labels.isEmpty()) {
      return "{}";
    }
    try {
      return DeviceReading.json(new TreeMap<>(labels));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("the labels of a device cannot be written", e);
    }
  }

  void dropRows(UUID batch, List<String> keys) throws SQLException {
    try (PreparedStatement drop = transaction.prepareStatement(DROP_ROWS)) {
      drop.setObject(1, batch);
      drop.setArray(2, transaction.createArrayOf("text", keys.toArray()));
      drop.executeUpdate();
    }
  }

  Map<String, Locked> lock(UUID batch, List<String> keys) throws SQLException {
    try (PreparedStatement lock = transaction.prepareStatement(LOCK)) {
      lock.setObject(1, batch);
      lock.setArray(2, transaction.createArrayOf("text", keys.toArray()));
      Map<String, Locked> found = new HashMap<>();
      try (ResultSet row = lock.executeQuery()) {
        while (row.next()) {
          found.put(
              row.getString(1),
              new Locked(
                  row.getObject(2, UUID.class),
                  row.getBoolean(3),
                  row.getString(4),
                  row.getObject(5, UUID.class),
                  DeviceState.valueOf(row.getString(6)),
                  row.getBoolean(7)));
        }
      }
      return found;
    }
  }

  void note(UUID batch, UUID block, @Nullable String station, List<Claim> claims)
      throws SQLException {
    try (PreparedStatement note = transaction.prepareStatement(NOTE)) {
      note.setObject(1, block);
      note.setString(2, station);
      note.setArray(3, array("text", claims, Claim::key));
      note.setArray(
          4,
          transaction.createArrayOf(
              "bytea",
              claims.stream().map(claim -> claim.keyDigest().octets()).toArray(byte[][]::new)));
      note.setObject(5, batch);
      note.executeUpdate();
    }
  }

  void issued(UUID batch, Map<String, Digest> certificates) throws SQLException {
    List<Map.Entry<String, Digest>> all = List.copyOf(certificates.entrySet());
    try (PreparedStatement issued = transaction.prepareStatement(ISSUED)) {
      issued.setArray(1, array("text", all, Map.Entry::getKey));
      issued.setArray(
          2,
          transaction.createArrayOf(
              "bytea", all.stream().map(one -> one.getValue().octets()).toArray(byte[][]::new)));
      issued.setObject(3, batch);
      issued.executeUpdate();
    }
  }

  /** It is as it was before it got its certificate. */
  void reopen(UUID batch, String key) throws SQLException {
    try (PreparedStatement reopen = transaction.prepareStatement(REOPEN)) {
      reopen.setObject(1, batch);
      reopen.setString(2, key);
      reopen.executeUpdate();
    }
  }

  void giveUp(UUID batch, String key, Instant at) throws SQLException {
    try (PreparedStatement giveUp = transaction.prepareStatement(GIVE_UP)) {
      giveUp.setObject(1, time(at));
      giveUp.setObject(2, batch);
      giveUp.setString(3, key);
      giveUp.executeUpdate();
    }
  }

  private <T> Array array(String type, List<T> all, Function<T, Object> value) throws SQLException {
    return transaction.createArrayOf(type, all.stream().map(value).toArray());
  }
}
