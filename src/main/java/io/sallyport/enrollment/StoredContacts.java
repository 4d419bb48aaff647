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
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.persistence.TypedQuery;
import jakarta.transaction.Transactional;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** First contacts in the database. */
@ApplicationScoped
class StoredContacts implements FirstContacts {
  private static final Duration LIFETIME = Duration.ofDays(30);
  private static final Duration SHORTEST_WAIT = Duration.ofMinutes(1);
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(15);

  /** A stolen authority could show any number of serial numbers. */
  private static final long MOST_PENDING = 10_000;

  /** Each unlisted unit is held against all of them. */
  private static final long MOST_PATTERNS = 256;

  private static final int LONGEST_REASON = 500;
  private static final UUID NO_ID = new UUID(0, 0);

  private static final String ASK = """
      insert into first_contact (id, manufacturer, serial_number, idevid, remote, site, state, asked_at, expires_at)
      values (:id, :manufacturer, :serial, :idevid, :remote, :site, 'PENDING', :now, :expires)
      on conflict (manufacturer, serial_number) do nothing""";
  private static final String ALLOW = """
      insert into allowed_unit (manufacturer, serial_number, pattern)
      select :manufacturer, unit, unit ~ '[#*]' from unnest(string_to_array(:units, chr(10))) as given (unit)
      on conflict do nothing""";

  private final EntityManager entities;
  private final Devices devices;
  private final DeviceProfiles profiles;
  private final Manufacturers manufacturers;
  private final Audit audit;
  private final Ids ids;
  private final Clock clock;

  StoredContacts(
      EntityManager entities,
      Devices devices,
      DeviceProfiles profiles,
      Manufacturers manufacturers,
      Audit audit,
      Ids ids,
      Clock clock) {
    this.entities = entities;
    this.devices = devices;
    this.profiles = profiles;
    this.manufacturers = manufacturers;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
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
    Act act = policy.listed() != policy.unlisted() && isAllowed(manufacturer, serialNumber)
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
        hold(manufacturer, serialNumber, idevid, remote, policy.terms().site());
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

  private boolean isAllowed(String manufacturer, String serialNumber) {
    boolean named = entities
            .createNativeQuery(
                "select 1 from allowed_unit where manufacturer = :manufacturer and serial_number = :serial")
            .setParameter("manufacturer", manufacturer)
            .setParameter("serial", serialNumber)
            .getSingleResultOrNull()
        != null;
    return named
        || entities
            .createNativeQuery(
                "select serial_number from allowed_unit where manufacturer = :manufacturer and pattern")
            .setParameter("manufacturer", manufacturer)
            .getResultList()
            .stream()
            .anyMatch(pattern -> new SerialPattern((String) pattern).matches(serialNumber));
  }

  private Reception hold(
      String manufacturer,
      String serialNumber,
      Digest idevid,
      String remote,
      @Nullable String site) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    FirstContactRow row = row(manufacturer, serialNumber)
        .filter(known -> known.expiresAt.isAfter(now))
        .orElseGet(() -> ask(manufacturer, serialNumber, idevid, remote, site, now));
    return switch (row.state) {
      case PENDING -> new Reception.Held(wait(row, now));
      case REJECTED ->
        throw new Refusal(
            EnrollmentProblem.REQUEST_REJECTED, "The unit was rejected: \"" + row.reason + "\".");
      case APPROVED ->
        throw new Refusal(
            EnrollmentProblem.NOT_REGISTERED,
            "The unit was approved and its registration has ended since.");
    };
  }

  private static Duration wait(FirstContactRow row, Instant now) {
    Duration age = Duration.between(row.askedAt, now);
    if (age.compareTo(SHORTEST_WAIT) < 0) {
      return SHORTEST_WAIT;
    }
    return age.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : age;
  }

  private Optional<FirstContactRow> row(String manufacturer, String serialNumber) {
    return entities
        .createQuery(
            "from FirstContactRow where manufacturer = :manufacturer and serialNumber = :serial",
            FirstContactRow.class)
        .setParameter("manufacturer", manufacturer)
        .setParameter("serial", serialNumber)
        .getResultStream()
        .findFirst();
  }

  private FirstContactRow ask(
      String manufacturer,
      String serialNumber,
      Digest idevid,
      String remote,
      @Nullable String site,
      Instant now) {
    entities.clear();
    entities
        .createQuery(
            "delete FirstContactRow where manufacturer = :manufacturer and serialNumber = :serial and expiresAt <= :now")
        .setParameter("manufacturer", manufacturer)
        .setParameter("serial", serialNumber)
        .setParameter("now", now)
        .executeUpdate();
    long pending = entities
        .createQuery(
            "select count(*) from FirstContactRow where manufacturer = :manufacturer and state = :pending",
            Long.class)
        .setParameter("manufacturer", manufacturer)
        .setParameter("pending", State.PENDING)
        .getSingleResult();
    if (pending >= MOST_PENDING) {
      throw new Refusal(
          CommonProblem.UNAVAILABLE,
          "Too many units of this manufacturer wait for approval; ask again later.");
    }
    UUID id = ids.next();
    int made = entities
        .createNativeQuery(ASK)
        .setParameter("id", id)
        .setParameter("manufacturer", manufacturer)
        .setParameter("serial", serialNumber)
        .setParameter("idevid", idevid.octets())
        .setParameter("remote", remote)
        .setParameter("site", site)
        .setParameter("now", now)
        .setParameter("expires", now.plus(LIFETIME))
        .executeUpdate();
    if (made > 0) {
      audit.record(Fact.of("first-contact.held", Actor.SERVER, "first-contact", id)
          .with("manufacturer", manufacturer)
          .with("serial_number", serialNumber)
          .with("idevid", idevid.hex())
          .with("remote", remote));
    }
    return row(manufacturer, serialNumber).orElseThrow();
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
  public int allow(String manufacturer, List<SerialPattern> units, Actor actor) {
    requireManufacturer(manufacturer);
    if (units.isEmpty() || units.size() > MOST_AT_ONCE) {
      throw new Refusal(
          CommonProblem.MALFORMED, "Give 1 to " + MOST_AT_ONCE + " serial numbers or patterns.");
    }
    String lines = String.join("\n", units.stream().map(SerialPattern::text).toList());
    int added = entities
        .createNativeQuery(ALLOW)
        .setParameter("manufacturer", manufacturer)
        .setParameter("units", lines)
        .executeUpdate();
    Object patterns = entities
        .createNativeQuery(
            "select count(*) from allowed_unit where manufacturer = :manufacturer and pattern")
        .setParameter("manufacturer", manufacturer)
        .getSingleResult();
    if (((Number) patterns).longValue() > MOST_PATTERNS) {
      throw new Refusal(
          CommonProblem.MALFORMED,
          "A list has " + MOST_PATTERNS + " patterns at most; name the serial numbers singly.");
    }
    audit.record(Fact.of("manufacturer.units-allowed", actor, "manufacturer", manufacturer)
        .with("given", units.size())
        .with("added", added)
        .with("sha256", Digest.of(lines.getBytes(StandardCharsets.UTF_8)).hex()));
    return added;
  }

  @Override
  @Transactional
  public void disallow(String manufacturer, SerialPattern unit, Actor actor) {
    int removed = entities
        .createNativeQuery(
            "delete from allowed_unit where manufacturer = :manufacturer and serial_number = :unit")
        .setParameter("manufacturer", manufacturer)
        .setParameter("unit", unit.text())
        .executeUpdate();
    if (removed > 0) {
      audit.record(Fact.of("manufacturer.unit-disallowed", actor, "manufacturer", manufacturer)
          .with("unit", unit.text()));
    }
  }

  @Override
  @Transactional
  public Page<String> allowed(String manufacturer, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    List<?> units = entities
        .createNativeQuery(
            "select serial_number from allowed_unit where manufacturer = :manufacturer and serial_number > :after"
                + " order by serial_number")
        .setParameter("manufacturer", manufacturer)
        .setParameter("after", cursor == null ? "" : cursor)
        .setMaxResults(most + 1)
        .getResultList();
    List<String> found = units.stream().map(unit -> (String) unit).toList();
    return Page.cut(found, most, unit -> unit);
  }

  @Override
  @Transactional
  public Page<HeldUnit> list(
      Set<String> sites, @Nullable State state, @Nullable String cursor, int limit) {
    int most = Math.clamp(limit, 1, Page.MOST);
    StringBuilder query = new StringBuilder("from FirstContactRow where id > :after");
    if (state != null) {
      query.append(" and state = :state");
    }
    if (!sites.isEmpty()) {
      query.append(" and site in :sites");
    }
    TypedQuery<FirstContactRow> found = entities
        .createQuery(query.append(" order by id").toString(), FirstContactRow.class)
        .setParameter("after", cursor == null ? NO_ID : id(cursor));
    if (state != null) {
      found.setParameter("state", state);
    }
    if (!sites.isEmpty()) {
      found.setParameter("sites", sites);
    }
    List<HeldUnit> units = found
        .setMaxResults(most + 1)
        .getResultStream()
        .map(FirstContactRow::unit)
        .toList();
    return Page.cut(units, most, unit -> unit.id().toString());
  }

  private static UUID id(String cursor) {
    try {
      return UUID.fromString(cursor);
    } catch (IllegalArgumentException e) {
      throw new Refusal(CommonProblem.MALFORMED, "The cursor is not one that this server gave.");
    }
  }

  @Override
  @Transactional
  public HeldUnit approve(UUID id, Set<String> sites, Terms terms, Actor actor) {
    FirstContactRow row = open(id, sites, State.APPROVED);
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
    decide(row, State.APPROVED, null, actor);
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
    FirstContactRow row = open(id, sites, State.REJECTED);
    if (row.state == State.REJECTED) {
      return row.unit();
    }
    String line = reason.strip().replaceAll("\\p{Cntrl}", " ");
    decide(
        row,
        State.REJECTED,
        line.length() <= LONGEST_REASON ? line : line.substring(0, LONGEST_REASON),
        actor);
    audit.record(Fact.of("first-contact.rejected", actor, "first-contact", id)
        .with("reason", String.valueOf(row.reason)));
    return row.unit();
  }

  /** Pending, or decided so already. */
  private FirstContactRow open(UUID id, Set<String> sites, State wanted) {
    FirstContactRow row = entities.find(FirstContactRow.class, id, LockModeType.PESSIMISTIC_WRITE);
    if (row == null || !sites.isEmpty() && (row.site == null || !sites.contains(row.site))) {
      throw new Refusal(EnrollmentProblem.UNKNOWN_FIRST_CONTACT, "No such unit waits.");
    }
    boolean expired = !row.expiresAt.isAfter(clock.instant());
    if (row.state != wanted && (row.state != State.PENDING || expired)) {
      throw new Refusal(
          EnrollmentProblem.DECIDED_ALREADY,
          "The unit " + (expired ? "has waited too long" : "was " + row.state.word()) + ".");
    }
    return row;
  }

  private void decide(FirstContactRow row, State state, @Nullable String reason, Actor actor) {
    row.state = state;
    row.decidedAt = clock.instant().truncatedTo(ChronoUnit.MICROS);
    row.decidedBy = actor.id();
    row.reason = reason;
  }
}
