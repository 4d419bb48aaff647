package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceProblem;
import io.sallyport.devices.DeviceProfiles;
import io.sallyport.devices.Devices;
import io.sallyport.devices.Devices.Registration;
import io.sallyport.devices.Manufacturers;
import io.sallyport.devices.Recognition;
import io.sallyport.devices.SerialPattern;
import io.sallyport.enrollment.Approvals.State;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Transactional;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** First contacts in the database: by what policy units are received, and as what they are registered. */
@ApplicationScoped
class StoredContacts implements FirstContacts {

  private final EntityManager entities;
  private final Devices devices;
  private final DeviceProfiles profiles;
  private final Manufacturers manufacturers;
  private final AllowedUnits allowed;
  private final HeldUnits held;
  private final Audit audit;

  StoredContacts(
      EntityManager entities,
      Devices devices,
      DeviceProfiles profiles,
      Manufacturers manufacturers,
      AllowedUnits allowed,
      HeldUnits held,
      Audit audit) {
    this.entities = entities;
    this.devices = devices;
    this.profiles = profiles;
    this.manufacturers = manufacturers;
    this.allowed = allowed;
    this.held = held;
    this.audit = audit;
  }

  /** What comes of a first contact that is not refused. */
  sealed interface Reception {
    /** It was registered: go on. */
    record Admitted(Device device) implements Reception {}

    /** It waits for somebody. */
    record Held(Duration retryAfter) implements Reception {}
  }

  /** For a unit that is not registered and whose IDevID was taken. Of several at once one registers it. */
  @Transactional
  Reception receive(Recognition recognition, String serialNumber, Digest idevid, String remote) {
    String manufacturer = recognition.manufacturer();
    ContactPolicy policy = policy(manufacturer);
    Act act = policy.listed() != policy.unlisted() && allowed.has(manufacturer, serialNumber)
        ? policy.listed()
        : policy.unlisted();
    return switch (act) {
      case REJECT ->
        throw new Refusal(
            EnrollmentProblem.NOT_REGISTERED,
            "Serial number " + serialNumber + " of " + manufacturer + " is not registered.");
      case ADMIT -> {
        recognition.requireModel(required("model", policy.terms().model()));
        lock(manufacturer, serialNumber);
        Optional<Device> there = devices.onHardware(manufacturer, serialNumber);
        yield new Reception.Admitted(there.orElseGet(
            () -> register(manufacturer, serialNumber, policy.terms(), Actor.SERVER)));
      }
      case HOLD ->
        new Reception.Held(
            held.hold(manufacturer, serialNumber, idevid, remote, policy.terms().site()));
    };
  }

  private void lock(String manufacturer, String serialNumber) {
    Digest unit = Digest.of((manufacturer + "\n" + serialNumber).getBytes(StandardCharsets.UTF_8));
    long number = ByteBuffer.wrap(unit.octets()).getLong();
    entities
        .createNativeQuery("select cast(pg_advisory_xact_lock(:unit) as text)")
        .setParameter("unit", number)
        .getSingleResultOrNull();
  }

  private Device register(String manufacturer, String serialNumber, Terms terms, Actor actor) {
    return devices.register(
        new Registration(
            manufacturer,
            required("model", terms.model()),
            serialNumber,
            required("profile", terms.profile()),
            required("owner", terms.owner()),
            required("site", terms.site()),
            Map.of()),
        actor);
  }

  private static String required(String field, @Nullable String value) {
    if (value == null) {
      throw new Refusal(
          EnrollmentProblem.INVALID_POLICY,
          "Say the " + field + " that units are registered with.");
    }
    return value;
  }

  @Override
  @Transactional
  public ContactPolicy policy(String manufacturer) {
    ContactPolicyRow row = entities.find(ContactPolicyRow.class, manufacturer);
    return row == null ? ContactPolicy.NONE : row.policy();
  }

  @Override
  @Transactional
  public ContactPolicy setPolicy(String manufacturer, ContactPolicy policy, Actor actor) {
    requireManufacturer(manufacturer);
    Terms terms = policy.terms();
    if (policy.listed() == Act.ADMIT || policy.unlisted() == Act.ADMIT) {
      required("model", terms.model());
      required("profile", terms.profile());
      required("owner", terms.owner());
      required("site", terms.site());
    }
    if (terms.profile() != null && profiles.find(terms.profile()).isEmpty()) {
      throw new Refusal(
          DeviceProblem.UNKNOWN_PROFILE,
          "Apply the device profile \"" + terms.profile() + "\" first.");
    }
    ContactPolicyRow row = entities.find(ContactPolicyRow.class, manufacturer);
    if (row == null) {
      row = new ContactPolicyRow(manufacturer);
      entities.persist(row);
    }
    row.take(policy);
    audit.record(Fact.of("manufacturer.first-contact-policy", actor, "manufacturer", manufacturer)
        .with("listed", policy.listed().word())
        .with("unlisted", policy.unlisted().word())
        .with("model", told(terms.model()))
        .with("profile", told(terms.profile()))
        .with("owner", told(terms.owner()))
        .with("site", told(terms.site())));
    return policy;
  }

  private static String told(@Nullable String value) {
    return value == null ? "" : value;
  }

  private void requireManufacturer(String manufacturer) {
    if (manufacturers.find(manufacturer).isEmpty()) {
      throw new Refusal(
          DeviceProblem.UNKNOWN_MANUFACTURER, "No manufacturer is registered as this.");
    }
  }

  @Override
  @Transactional
  public HeldUnit approve(UUID id, Set<String> sites, Terms terms, Actor actor) {
    FirstContactRow row = held.open(id, sites, State.APPROVED);
    if (row.state == State.APPROVED) {
      return row.unit();
    }
    Terms proposed = policy(row.manufacturer).terms();
    Terms as = new Terms(
        either(terms.model(), proposed.model()),
        either(terms.profile(), proposed.profile()),
        either(terms.owner(), proposed.owner()),
        either(terms.site(), proposed.site()));
    if (!sites.isEmpty() && !sites.contains(required("site", as.site()))) {
      throw new Refusal(
          CommonProblem.FORBIDDEN, "You act for " + String.join(", ", sites) + " only.");
    }
    Device device = register(row.manufacturer, row.serialNumber, as, actor);
    row.device = device.id();
    held.decide(row, State.APPROVED, null, actor);
    audit.record(
        Fact.of("first-contact.approved", actor, "first-contact", id).with("device", device.id()));
    return row.unit();
  }

  private static @Nullable String either(@Nullable String given, @Nullable String proposed) {
    return given == null ? proposed : given;
  }

  @Override
  @Transactional
  public HeldUnit reject(UUID id, Set<String> sites, String reason, Actor actor) {
    return held.reject(id, sites, reason, actor);
  }

  @Override
  @Transactional
  public Page<HeldUnit> list(
      Set<String> sites, @Nullable State state, @Nullable String cursor, int limit) {
    return held.list(sites, state, cursor, limit);
  }

  @Override
  @Transactional
  public int allow(String manufacturer, List<SerialPattern> units, Actor actor) {
    requireManufacturer(manufacturer);
    return allowed.add(manufacturer, units, actor);
  }

  @Override
  @Transactional
  public void disallow(String manufacturer, SerialPattern unit, Actor actor) {
    allowed.remove(manufacturer, unit, actor);
  }

  @Override
  @Transactional
  public Page<String> allowed(String manufacturer, @Nullable String cursor, int limit) {
    return allowed.list(manufacturer, cursor, limit);
  }
}
