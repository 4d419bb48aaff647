package io.sallyport.devices;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.DeviceLocks.Held;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import io.sallyport.kernel.SharedReads;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.transaction.TransactionSynchronizationRegistry;
import jakarta.transaction.Transactional;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** The inventory in the database. */
@ApplicationScoped
class FleetInventory implements Devices {
  private static final String SUBJECT = "device";
  private static final int MOST_OF_UNIT = 100;
  private static final Object HELD = new Object();

  private final EntityManager entities;
  private final DeviceLocks locks;
  private final DeviceReading reading;
  private final SharedReads<DeviceReading.Unit, Device> onUnits;
  private final SharedReads<UUID, Device> byId;
  private final TransactionSynchronizationRegistry transaction;
  private final DeviceSearch search;
  private final KeyDigests keys;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  FleetInventory(
      EntityManager entities,
      DataSource database,
      TransactionSynchronizationRegistry transaction,
      Audit audit,
      Ids ids,
      Clock clock) {
    this.entities = entities;
    this.transaction = transaction;
    this.locks = new DeviceLocks(database);
    this.reading = new DeviceReading(database);
    this.onUnits = new SharedReads<>("devices-on-units", reading::onUnits);
    this.byId = new SharedReads<>(
        "devices-by-id",
        all ->
            reading.all(all).stream().collect(Collectors.toMap(Device::id, Function.identity())));
    this.search = new DeviceSearch(entities);
    this.keys = new KeyDigests(entities, database, clock);
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  @Transactional
  public Device register(Registration registration, Actor actor) {
    RegistrationRules.check(registration);
    ManufacturerRow manufacturer = entities
        .createQuery("from ManufacturerRow where name = :name", ManufacturerRow.class)
        .setParameter("name", registration.manufacturer())
        .getResultStream()
        .findFirst()
        .orElseThrow(() -> new Refusal(
            DeviceProblem.UNKNOWN_MANUFACTURER,
            "Register the manufacturer \"" + registration.manufacturer() + "\" first."));
    requireProfile(registration.profile());
    HardwareUnitRow unit = hardwareUnit(manufacturer, registration);
    if (onUnit(unit.id).filter(row -> row.state != DeviceState.DECOMMISSIONED).isPresent()) {
      throw new Refusal(
          DeviceProblem.ALREADY_REGISTERED,
          "Serial number " + registration.serialNumber() + " of " + manufacturer.name
              + " has a device; decommission it before the unit gets a new one.");
    }
    DeviceRow row = new DeviceRow(
        ids.next(), unit, registration, clock.instant().truncatedTo(ChronoUnit.MICROS));
    entities.persist(row);
    Fact registered = Fact.of("device.registered", actor, SUBJECT, row.id)
        .with("manufacturer", manufacturer.name)
        .with("model", unit.model)
        .with("serial_number", unit.serialNumber)
        .with("profile", row.profile)
        .with("owner", row.owner)
        .with("site", row.site);
    audit.record(row.name == null ? registered : registered.with("name", row.name));
    return row.device();
  }

  /** Found or made; of two parallel registrations one makes it and both find it, locked. */
  private HardwareUnitRow hardwareUnit(ManufacturerRow manufacturer, Registration registration) {
    entities
        .createNativeQuery(
            "insert into hardware_unit (id, manufacturer, model, serial_number)"
                + " values (:id, :manufacturer, :model, :serial) on conflict (manufacturer, serial_number) do nothing")
        .setParameter("id", ids.next())
        .setParameter("manufacturer", manufacturer.id)
        .setParameter("model", registration.model())
        .setParameter("serial", registration.serialNumber())
        .executeUpdate();
    HardwareUnitRow unit = entities
        .createQuery(
            "from HardwareUnitRow where manufacturer.id = :manufacturer and serialNumber = :serial",
            HardwareUnitRow.class)
        .setParameter("manufacturer", manufacturer.id)
        .setParameter("serial", registration.serialNumber())
        .setLockMode(LockModeType.PESSIMISTIC_WRITE)
        .getSingleResult();
    if (!unit.model.equals(registration.model())) {
      throw new Refusal(
          DeviceProblem.INVALID_DEVICE,
          "Serial number " + unit.serialNumber + " is recorded as model \"" + unit.model + "\".");
    }
    return unit;
  }

  @Override
  @Transactional
  public Optional<Device> find(UUID id) {
    return Optional.ofNullable(entities.find(DeviceRow.class, id)).map(DeviceRow::device);
  }

  @Override
  @Transactional
  public List<Device> findAll(Collection<UUID> ids) {
    entities.flush();
    return reading.all(ids);
  }

  @Override
  @Transactional
  public Device get(UUID id) {
    return find(id).orElseThrow(() -> unknown(id));
  }

  @Override
  @Transactional
  public Device get(UUID id, Set<String> sites) {
    return find(id)
        .filter(device -> sites.isEmpty() || sites.contains(device.site()))
        .orElseThrow(() -> unknown(id));
  }

  @Override
  @Transactional
  public Optional<Device> onHardware(String manufacturer, String serialNumber) {
    return entities
        .createQuery(
            "from HardwareUnitRow where manufacturer.name = :manufacturer and serialNumber = :serial",
            HardwareUnitRow.class)
        .setParameter("manufacturer", manufacturer)
        .setParameter("serial", serialNumber)
        .getResultStream()
        .findFirst()
        .flatMap(unit -> onUnit(unit.id))
        .map(DeviceRow::device);
  }

  private Optional<DeviceRow> onUnit(UUID unit) {
    return onUnit(unit, 1).stream().findFirst();
  }

  private List<DeviceRow> onUnit(UUID unit, int most) {
    return entities
        .createQuery(
            "from DeviceRow where hardware.id = :unit order by createdAt desc, id desc",
            DeviceRow.class)
        .setParameter("unit", unit)
        .setMaxResults(most)
        .getResultList();
  }

  @Override
  public Optional<Device> lookUp(String manufacturer, String serialNumber) {
    return onUnits.find(new DeviceReading.Unit(manufacturer, serialNumber));
  }

  @Override
  public Device lookUp(UUID id) {
    return byId.find(id).orElseThrow(() -> unknown(id));
  }

  @Override
  @Transactional
  public List<Device> ofUnit(UUID hardwareUnit) {
    return onUnit(hardwareUnit, MOST_OF_UNIT).stream().map(DeviceRow::device).toList();
  }

  @Override
  @Transactional
  public Page<Device> list(Filter filter, @Nullable String cursor, int limit) {
    return search.list(filter, cursor, limit);
  }

  @Override
  @Transactional
  public Page<Device> listKnown(@Nullable String cursor, int limit) {
    entities.flush();
    int most = Math.clamp(limit, 1, Page.MOST);
    return Page.cut(
        reading.known(DeviceSearch.after(cursor), most + 1),
        most,
        device -> device.id().toString());
  }

  @Override
  public long countExpected(Set<String> sites) {
    return reading.expected(sites);
  }

  @Override
  @Transactional
  public List<String> sites() {
    return search.sites();
  }

  @Override
  public void require(Device device, Operation operation) {
    if (!device.state().may(operation)) {
      throw new Refusal(
          DeviceProblem.STATE_FORBIDS,
          "The device is " + device.state().word() + ", which does not allow it to "
              + operation.name().toLowerCase(Locale.ROOT) + ".");
    }
  }

  @Override
  @Transactional(Transactional.TxType.MANDATORY)
  public Device lock(UUID id) {
    return locked(id).device();
  }

  @Override
  @Transactional(Transactional.TxType.MANDATORY)
  public Map<UUID, Long> lockAll(Collection<UUID> ids) {
    entities.flush();
    Map<UUID, Held> held = locks.lock(ids);
    if (!(transaction.getResource(HELD) instanceof HeldDevices)) {
      transaction.putResource(HELD, new HeldDevices(new HashMap<>()));
    }
    held().putAll(held);
    Map<UUID, Long> counters = new HashMap<>();
    held.forEach((id, one) -> counters.put(id, one.revocationCounter()));
    return counters;
  }

  private record HeldDevices(Map<UUID, Held> all) {}

  private Map<UUID, Held> held() {
    return transaction.getResource(HELD) instanceof HeldDevices known ? known.all : Map.of();
  }

  @Override
  @Transactional(Transactional.TxType.MANDATORY)
  public Device held(Device read) {
    Held held = held().get(read.id());
    if (held == null) {
      return get(read.id());
    }
    try {
      return held.now(read);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("the labels of a device cannot be read", e);
    }
  }

  @Override
  @Transactional(Transactional.TxType.MANDATORY)
  public List<Fact> activateAll(Map<UUID, Actor> actors) {
    entities.flush();
    return locks.activate(actors.keySet()).stream()
        .map(id -> Fact.of("device.activated", Objects.requireNonNull(actors.get(id)), SUBJECT, id))
        .toList();
  }

  private DeviceRow locked(UUID id) {
    // What this transaction changed already must not be read over.
    entities.flush();
    DeviceRow row = entities.find(DeviceRow.class, id, LockModeType.PESSIMISTIC_WRITE);
    if (row == null) {
      throw unknown(id);
    }
    entities.refresh(row);
    return row;
  }

  @Override
  @Transactional
  public Device change(UUID id, Change change, String reason, Actor actor) {
    DeviceRow row = locked(id);
    if (row.state == DeviceState.WIPING || row.state == DeviceState.DECOMMISSIONED) {
      throw new Refusal(
          DeviceProblem.WRONG_STATE,
          "The device is " + row.state.word() + "; what is recorded of it stays.");
    }
    if (change.profile() != null) {
      requireProfile(change.profile());
    }
    audit.recordAll(ChangedDevice.apply(row, change).stream()
        .map(one -> Fact.of(one.kind(), actor, SUBJECT, id)
            .with("from", one.from())
            .with("to", one.to())
            .with("reason", RegistrationRules.reason(reason)))
        .toList());
    return row.device();
  }

  private void requireProfile(String profile) {
    if (entities.find(DeviceProfileRow.class, profile) == null) {
      throw new Refusal(
          DeviceProblem.UNKNOWN_PROFILE, "Apply the device profile \"" + profile + "\" first.");
    }
  }

  @Override
  @Transactional
  public Device quarantine(UUID id, String reason, Actor actor) {
    return change(locked(id), DeviceState.QUARANTINED, "device.quarantined", reason, actor);
  }

  @Override
  @Transactional
  public Device release(UUID id, String reason, Actor actor) {
    DeviceRow row = locked(id);
    if (row.state != DeviceState.QUARANTINED && row.state != DeviceState.SUSPENDED) {
      throw new Refusal(
          DeviceProblem.WRONG_STATE,
          "The device is " + row.state.word()
              + "; only a quarantined or suspended one can be released.");
    }
    DeviceState next = row.enrolled ? DeviceState.ACTIVE : DeviceState.EXPECTED;
    return change(row, next, "device.released", reason, actor);
  }

  @Override
  @Transactional
  public Device suspend(UUID id, String reason, Actor actor) {
    DeviceRow row = locked(id);
    row.revocationCounter++;
    return change(row, DeviceState.SUSPENDED, "device.suspended", reason, actor);
  }

  @Override
  @Transactional
  public Device wipe(UUID id, String reason, Actor actor) {
    DeviceRow row = locked(id);
    row.revocationCounter++;
    return change(row, DeviceState.WIPING, "device.wiping", reason, actor);
  }

  @Override
  @Transactional
  public Device decommission(UUID id, String reason, Actor actor) {
    DeviceRow row = locked(id);
    row.revocationCounter++;
    return change(row, DeviceState.DECOMMISSIONED, "device.decommissioned", reason, actor);
  }

  private Device change(DeviceRow row, DeviceState next, String kind, String reason, Actor actor) {
    if (!row.state.canBecome(next)) {
      throw new Refusal(
          DeviceProblem.WRONG_STATE,
          "The device is " + row.state.word() + " and cannot become " + next.word() + ".");
    }
    audit.record(Fact.of(kind, actor, SUBJECT, row.id)
        .with("from", row.state.word())
        .with("to", next.word())
        .with("reason", RegistrationRules.reason(reason)));
    row.state = next;
    return row.device();
  }

  @Override
  @Transactional(Transactional.TxType.MANDATORY)
  public void raiseRevocationCounter(UUID id) {
    locked(id).revocationCounter++;
  }

  @Override
  @Transactional
  public void claimKey(UUID hardwareUnit, Digest key, String kind) {
    keys.claim(hardwareUnit, key, kind);
  }

  @Override
  @Transactional(Transactional.TxType.MANDATORY)
  public OptionalInt claimKeys(List<KeyClaim> claims) {
    return keys.claimAll(claims);
  }

  @Override
  @Transactional(Transactional.TxType.MANDATORY)
  public Set<Integer> claimEach(List<KeyClaim> claims) {
    return keys.claimEach(claims);
  }

  @Override
  @Transactional
  public void requireSound(Digest key) {
    keys.requireSound(key);
  }

  @Override
  @Transactional
  public Set<Digest> compromised(Collection<Digest> digests) {
    return keys.compromised(digests);
  }

  @Override
  @Transactional(Transactional.TxType.MANDATORY)
  public void condemnKey(Digest key) {
    keys.condemn(key);
  }

  @Override
  @Transactional
  public void reserveKey(Digest key) {
    keys.reserve(key);
  }

  private static Refusal unknown(UUID id) {
    return Devices.unknownDevice(id);
  }
}
