package io.sallyport.devices;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.DeviceProfile.CloneReaction;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/** Alarms as facts, each with what the profiles make of it. */
@ApplicationScoped
class RaisedAlarms implements CloneAlarms {
  private static final String HOLDERS = """
      select d.id from key_digest k join device d on d.hardware_unit = k.hardware_unit
      where k.digest = any (?) and d.state <> 'DECOMMISSIONED'""";
  private static final String OTHER_KEY = """
      select exists (select 1 from key_digest where hardware_unit = ? and kind = 'idevid')
        and not exists (select 1 from key_digest where hardware_unit = ? and kind = 'idevid' and digest = ?)""";

  private final Devices devices;
  private final DeviceProfiles profiles;
  private final DataSource database;
  private final Audit audit;

  RaisedAlarms(Devices devices, DeviceProfiles profiles, DataSource database, Audit audit) {
    this.devices = devices;
    this.profiles = profiles;
    this.database = database;
    this.audit = audit;
  }

  @Override
  @Transactional(Transactional.TxType.REQUIRES_NEW)
  public Set<UUID> raise(
      Sign sign, UUID device, Collection<Digest> keys, Map<String, String> detail) {
    Set<UUID> concerned = new TreeSet<>(holders(keys));
    concerned.add(device);
    devices.lockAll(concerned);
    Set<UUID> quarantined = new HashSet<>();
    for (Device one : devices.findAll(concerned)) {
      Fact fact = Fact.of(sign.kind(), Actor.SERVER, "device", one.id());
      for (Map.Entry<String, String> entry : detail.entrySet()) {
        fact = fact.with(entry.getKey(), entry.getValue());
      }
      String others = concerned.stream()
          .filter(other -> !other.equals(one.id()))
          .map(UUID::toString)
          .collect(Collectors.joining(","));
      CloneReaction reaction = reaction(one);
      audit.record((others.isEmpty() ? fact : fact.with("others", others))
          .with("reaction", reaction.word()));
      if (reaction == CloneReaction.QUARANTINE && one.state() == DeviceState.ACTIVE) {
        devices.quarantine(one.id(), "a sign of a clone: " + sign.kind(), Actor.SERVER);
        quarantined.add(one.id());
      }
    }
    return quarantined;
  }

  private CloneReaction reaction(Device device) {
    return profiles.find(device.profile()).map(DeviceProfile::clones).orElse(CloneReaction.ALERT);
  }

  private List<UUID> holders(Collection<Digest> keys) {
    if (keys.isEmpty()) {
      return List.of();
    }
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(HOLDERS)) {
      query.setArray(
          1,
          connection.createArrayOf(
              "bytea", keys.stream().map(Digest::octets).toArray(byte[][]::new)));
      List<UUID> found = new java.util.ArrayList<>();
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          found.add(rows.getObject(1, UUID.class));
        }
      }
      return found;
    } catch (SQLException e) {
      throw new IllegalStateException("the holders of keys could not be read", e);
    }
  }

  @Override
  public void requireOneManufacturerKey(Device device, Digest key) {
    if (!hasAnother(device.hardware().id(), key)) {
      return;
    }
    raise(
        Sign.SERIAL_NUMBER_TWICE,
        device.id(),
        List.of(),
        Map.of("serial_number", device.hardware().serialNumber(), "key", key.hex()));
    if (reaction(device) == CloneReaction.QUARANTINE) {
      throw new Refusal(
          DeviceProblem.SERIAL_NUMBER_TWICE,
          "This serial number was shown with another manufacturer's key before; an operator has to look at both units.");
    }
  }

  private boolean hasAnother(UUID unit, Digest key) {
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(OTHER_KEY)) {
      query.setObject(1, unit);
      query.setObject(2, unit);
      query.setBytes(3, key.octets());
      try (ResultSet row = query.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    } catch (SQLException e) {
      throw new IllegalStateException("the keys of a unit could not be read", e);
    }
  }
}
