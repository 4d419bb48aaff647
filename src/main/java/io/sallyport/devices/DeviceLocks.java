package io.sallyport.devices;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Many devices at once, on the connection of the transaction under way. */
final class DeviceLocks {
  private static final String LOCK = """
      select id, revocation_counter, state, name, profile, owner, site, labels from device
      where id = any (?) order by id for update""";
  private static final String ACTIVATE = """
      update device set state = 'ACTIVE', enrolled = true where id = any (?) and state = 'EXPECTED' returning id""";
  private static final String ENROLLED =
      "update device set enrolled = true where id = any (?) and not enrolled";

  private final DataSource database;

  DeviceLocks(DataSource database) {
    this.database = database;
  }

  /** What can change of a device, as it is while it is locked. */
  record Held(
      long revocationCounter,
      DeviceState state,
      @Nullable String name,
      String profile,
      String owner,
      String site,
      String labels) {
    /** What {@code read} is by now. */
    Device now(Device read) throws JsonProcessingException {
      return new Device(
          read.id(),
          name == null ? read.hardware().serialNumber() : name,
          read.hardware(),
          profile,
          owner,
          site,
          DeviceReading.labels(labels),
          state,
          revocationCounter,
          read.createdAt());
    }
  }

  /** Those that are registered. */
  Map<UUID, Held> lock(Collection<UUID> ids) {
    Map<UUID, Held> held = new HashMap<>();
    try (Connection transaction = database.getConnection();
        PreparedStatement lock = transaction.prepareStatement(LOCK)) {
      lock.setArray(1, array(transaction, ids));
      try (ResultSet rows = lock.executeQuery()) {
        while (rows.next()) {
          held.put(
              rows.getObject(1, UUID.class),
              new Held(
                  rows.getLong(2),
                  DeviceState.valueOf(rows.getString(3)),
                  rows.getString(4),
                  rows.getString(5),
                  rows.getString(6),
                  rows.getString(7),
                  rows.getString(8)));
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException("the devices could not be locked", e);
    }
    return held;
  }

  /** Those that were expected before. */
  List<UUID> activate(Collection<UUID> ids) {
    List<UUID> activated = new ArrayList<>();
    try (Connection transaction = database.getConnection();
        PreparedStatement activate = transaction.prepareStatement(ACTIVATE);
        PreparedStatement enrolled = transaction.prepareStatement(ENROLLED)) {
      activate.setArray(1, array(transaction, ids));
      try (ResultSet rows = activate.executeQuery()) {
        while (rows.next()) {
          activated.add(rows.getObject(1, UUID.class));
        }
      }
      if (activated.size() < ids.size()) {
        enrolled.setArray(1, array(transaction, ids));
        enrolled.executeUpdate();
      }
    } catch (SQLException e) {
      throw new IllegalStateException("the devices could not be activated", e);
    }
    return activated;
  }

  private static Array array(Connection transaction, Collection<UUID> ids) throws SQLException {
    return transaction.createArrayOf("uuid", ids.toArray());
  }
}
