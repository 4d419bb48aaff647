package io.sallyport.devices;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.DeviceProfile.CloneReaction;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.kernel.SharedReads;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.transaction.Transactional;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
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
      select asked.unit, asked.digest from unnest(?, ?) as asked (unit, digest)
      where exists (select 1 from key_digest where hardware_unit = asked.unit and kind = 'idevid')
        and not exists (
          select 1 from key_digest where hardware_unit = asked.unit and kind = 'idevid' and digest = asked.digest)""";

  private final Devices devices;
  private final DeviceProfiles profiles;
  private final DataSource database;
  private final Audit audit;
  private final SharedReads<Shown, Boolean> others;

  RaisedAlarms(Devices devices, DeviceProfiles profiles, DataSource database, Audit audit) {
    this.devices = devices;
    this.profiles = profiles;
    this.database = database;
    this.audit = audit;
    this.others = new SharedReads<>("other-manufacturers-keys", this::others);
  }

  /** A manufacturer's key that a hardware unit showed. */
  private record Shown(UUID unit, Digest key) {}

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
      List<UUID> found = new ArrayList<>();
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
  public boolean hasAnotherManufacturerKey(Device device, Digest key) {
    return others.find(new Shown(device.hardware().id(), key)).isPresent();
  }

  @Override
  public void serialNumberTwice(Device device, Digest key) {
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

  private Map<Shown, Boolean> others(Set<Shown> shown) {
    List<Shown> asked = List.copyOf(shown);
    Map<Shown, Boolean> found = new HashMap<>();
    try (Connection connection = database.getConnection();
        PreparedStatement query = connection.prepareStatement(OTHER_KEY)) {
      query.setArray(
          1, connection.createArrayOf("uuid", asked.stream().map(Shown::unit).toArray()));
      query.setArray(
          2,
          connection.createArrayOf(
              "bytea", asked.stream().map(one -> one.key.octets()).toArray(byte[][]::new)));
      try (ResultSet row = query.executeQuery()) {
        while (row.next()) {
          found.put(
              new Shown(row.getObject(1, UUID.class), Digest.ofOctets(row.getBytes(2))), true);
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException("the keys of units could not be read", e);
    }
    return found;
  }
}
