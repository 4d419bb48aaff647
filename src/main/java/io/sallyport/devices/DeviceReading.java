package io.sallyport.devices;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;

/** Reads many devices with their hardware in one round trip, on the connection of the transaction under way. */
final class DeviceReading {
  private static final String ALL = """
      select d.id, d.profile, d.owner, d.site, d.labels, d.state, d.revocation_counter, d.created_at,
        h.id, m.name, h.model, h.serial_number, coalesce(d.name, h.serial_number)
      from device d join hardware_unit h on h.id = d.hardware_unit join manufacturer m on m.id = h.manufacturer
      where d.id = any (?)""";

  private static final String ON_UNITS = """
      select d.id, d.profile, d.owner, d.site, d.labels, d.state, d.revocation_counter, d.created_at,
        h.id, m.name, h.model, h.serial_number, coalesce(d.name, h.serial_number)
      from unnest(?, ?) as asked (manufacturer, serial)
      join manufacturer m on m.name = asked.manufacturer
      cross join lateral (
        select * from hardware_unit where manufacturer = m.id and serial_number = asked.serial offset 0) h
      cross join lateral (
        select * from device where hardware_unit = h.id order by created_at desc, id desc limit 1) d""";

  private static final String KNOWN = """
      select d.id, d.profile, d.owner, d.site, d.labels, d.state, d.revocation_counter, d.created_at,
        h.id, m.name, h.model, h.serial_number, coalesce(d.name, h.serial_number)
      from (select * from device where state <> 'EXPECTED' and id > ? order by id limit ?) d
      join hardware_unit h on h.id = d.hardware_unit join manufacturer m on m.id = h.manufacturer
      order by d.id""";
  private static final String EXPECTED = """
      select count(*) from device where state = 'EXPECTED' and (cardinality(?::text[]) = 0 or site = any (?))""";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TypeReference<Map<String, String>> LABELS = new TypeReference<>() {};

  private final DataSource database;

  DeviceReading(DataSource database) {
    this.database = database;
  }

  /** What a hardware unit is known by. */
  record Unit(String manufacturer, String serialNumber) {}

  /** The newest device on each of these units. */
  Map<Unit, Device> onUnits(Set<Unit> units) {
    List<Unit> asked = List.copyOf(units);
    Map<Unit, Device> devices = new HashMap<>();
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(ON_UNITS)) {
      query.setArray(
          1,
          connection.createArrayOf(
              "text", asked.stream().map(Unit::manufacturer).toArray()));
      query.setArray(
          2,
          connection.createArrayOf(
              "text", asked.stream().map(Unit::serialNumber).toArray()));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          Device device = device(row, new HashMap<>());
          devices.put(
              new Unit(device.hardware().manufacturer(), device.hardware().serialNumber()), device);
        }
      }
    } catch (SQLException | JsonProcessingException e) {
      throw new IllegalStateException("the devices could not be read", e);
    }
    return devices;
  }

  /** Those that are registered, in any order. */
  List<Device> all(Collection<UUID> ids) {
    List<Device> devices = new ArrayList<>();
    try (Connection transaction = database.getConnection();
        PreparedStatement query = transaction.prepareStatement(ALL)) {
      query.setArray(1, transaction.createArrayOf("uuid", ids.toArray()));
      try (ResultSet row = query.executeQuery()) {
        Map<String, Map<String, String>> labels = new HashMap<>();
        while (row.next()) {
          devices.add(device(row, labels));
        }
      }
    } catch (SQLException | JsonProcessingException e) {
      throw new IllegalStateException("the devices could not be read", e);
    }
    return devices;
  }

  /** Those that are not merely expected, by id. */
  List<Device> known(UUID after, int most) {
    List<Device> devices = new ArrayList<>();
    try (Connection transaction = database.getConnection();
        PreparedStatement query = transaction.prepareStatement(KNOWN)) {
      query.setObject(1, after);
      query.setInt(2, most);
      try (ResultSet row = query.executeQuery()) {
        Map<String, Map<String, String>> labels = new HashMap<>();
        while (row.next()) {
          devices.add(device(row, labels));
        }
      }
    } catch (SQLException | JsonProcessingException e) {
      throw new IllegalStateException("the devices could not be read", e);
    }
    return devices;
  }

  long expected(Set<String> sites) {
    try (Connection transaction = database.getConnection();
        PreparedStatement query = transaction.prepareStatement(EXPECTED)) {
      Array seen = transaction.createArrayOf("text", sites.toArray());
      query.setArray(1, seen);
      query.setArray(2, seen);
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    } catch (SQLException e) {
      throw new IllegalStateException("the expected devices could not be counted", e);
    }
  }

  static Map<String, String> labels(String json) throws JsonProcessingException {
    return json.equals("{}") ? Map.of() : JSON.readValue(json, LABELS);
  }

  static String json(Map<String, String> labels) throws JsonProcessingException {
    return JSON.writeValueAsString(labels);
  }

  /** @param read labels by their text: many devices that are read together have the same */
  private static Device device(ResultSet row, Map<String, Map<String, String>> read)
      throws SQLException, JsonProcessingException {
    String text = row.getString(5);
    Map<String, String> labels = read.get(text);
    if (labels == null) {
      labels = labels(text);
      read.put(text, labels);
    }
    return new Device(
        row.getObject(1, UUID.class),
        row.getString(13),
        new HardwareUnit(
            row.getObject(9, UUID.class), row.getString(10), row.getString(11), row.getString(12)),
        row.getString(2),
        row.getString(3),
        row.getString(4),
        labels,
        DeviceState.valueOf(row.getString(6)),
        row.getLong(7),
        row.getObject(8, OffsetDateTime.class).toInstant());
  }
}
