package io.sallyport.devices;

import io.sallyport.audit.Fact;
import io.sallyport.devices.DeviceState.Operation;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import io.sallyport.kernel.Refusal;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Hardware units and the devices that live on them. Every change is a fact about subject type {@code device}. */
public interface Devices {
  /**
   * What is known of a device before its first contact.
   *
   * @param manufacturer the registered manufacturer's name
   * @param serialNumber 1 to 64 characters (802.1AR)
   * @param labels at most 32, names and values at most 64 characters
   * @param name what people call it; null for its serial number
   */
  record Registration(
      String manufacturer,
      String model,
      String serialNumber,
      String profile,
      String owner,
      String site,
      Map<String, String> labels,
      @Nullable String name) {
    public Registration {
      labels = Map.copyOf(labels);
    }

    /** Called by its serial number. */
    public Registration(
        String manufacturer,
        String model,
        String serialNumber,
        String profile,
        String owner,
        String site,
        Map<String, String> labels) {
      this(manufacturer, model, serialNumber, profile, owner, site, labels, null);
    }
  }

  /**
   * What is to change of a device; null leaves it as it is.
   *
   * @param labels to set, over those that it has
   * @param withoutLabels names of labels to take away first
   */
  record Change(
      @Nullable String name,
      @Nullable String profile,
      @Nullable String owner,
      @Nullable String site,
      Map<String, String> labels,
      Set<String> withoutLabels) {
    public Change {
      labels = Map.copyOf(labels);
      withoutLabels = Set.copyOf(withoutLabels);
    }
  }

  /**
   * What a list is narrowed by; null means any.
   *
   * @param sites the only sites that are seen at all; empty for every site
   * @param text start of a serial number, name or owner
   */
  record Filter(
      @Nullable DeviceState state,
      @Nullable String profile,
      @Nullable String site,
      Set<String> sites,
      @Nullable String text) {
    public static final Filter NONE = new Filter(null, null, null, Set.of(), null);

    public Filter {
      sites = Set.copyOf(sites);
    }
  }

  Device register(Registration registration, Actor actor);

  Optional<Device> find(UUID id);

  /** Those of these devices that are registered. */
  default List<Device> findAll(Collection<UUID> ids) {
    return ids.stream().map(this::find).flatMap(Optional::stream).toList();
  }

  /** The device; refuses with {@code unknown-device}. */
  Device get(UUID id);

  /** The same for somebody who sees only {@code sites}, or every site when empty: elsewhere is as if it did not exist. */
  Device get(UUID id, Set<String> sites);

  /** The device that is not decommissioned on this manufacturer's hardware unit, or else the last one that was. */
  Optional<Device> onHardware(String manufacturer, String serialNumber);

  /** As {@link #onHardware}, for those in no transaction: concurrent ones share a query. */
  default Optional<Device> lookUp(String manufacturer, String serialNumber) {
    return onHardware(manufacturer, serialNumber);
  }

  /** As {@link #get(UUID)}, for those in no transaction: concurrent ones share a query. */
  default Device lookUp(UUID id) {
    return get(id);
  }

  /** All that lived and live on a hardware unit, the newest first, at most 100. */
  List<Device> ofUnit(UUID hardwareUnit);

  /** Devices by id, after {@code cursor}. */
  Page<Device> list(Filter filter, @Nullable String cursor, int limit);

  /** Those that are not merely expected, by id, after {@code cursor}: as fast as there are few of them. */
  default Page<Device> listKnown(@Nullable String cursor, int limit) {
    Page<Device> page = list(Filter.NONE, cursor, limit);
    return new Page<>(
        page.items().stream()
            .filter(device -> device.state() != DeviceState.EXPECTED)
            .toList(),
        page.next());
  }

  /** How many are expected on these sites, or everywhere when empty. Goes through all of them. */
  default long countExpected(Set<String> sites) {
    return 0;
  }

  /** The sites that devices are on, at most 1000, in order. */
  List<String> sites();

  /** Refuses with {@code state-forbids} unless the state may do {@code operation}. */
  void require(Device device, Operation operation);

  /** The device with its row locked until the caller's transaction ends: one issuance at a time prepares for a device. */
  Device lock(UUID id);

  /**
   * The same for several, in one order for everybody, so that no two wait for each other: their revocation counters,
   * without those of devices that are not registered. Before the caller's transaction has read any of them.
   */
  default Map<UUID, Long> lockAll(Collection<UUID> ids) {
    Map<UUID, Long> counters = new TreeMap<>();
    new TreeSet<>(ids).forEach(id -> counters.put(id, lock(id).revocationCounter()));
    return counters;
  }

  /** What {@code read} is by now, in a transaction whose {@link #lockAll} holds it: costs nothing then. */
  default Device held(Device read) {
    return get(read.id());
  }

  /**
   * Moves those that were expected to active, on their first certificate; the others are left as they are. {@link
   * #lockAll} holds them. Answers the facts, for the caller to record together with its own.
   */
  List<Fact> activateAll(Map<UUID, Actor> actors);

  /**
   * Gives it another name, profile, owner, site or labels: one fact for each that changed, none when nothing did. What its
   * certificates are worth under another profile is for the caller to say, in the same transaction. Refuses with {@code
   * wrong-state} what is on its way out.
   */
  Device change(UUID id, Change change, String reason, Actor actor);

  Device quarantine(UUID id, String reason, Actor actor);

  /** Back from quarantine or suspension to active, or to expected when it never had a certificate. */
  Device release(UUID id, String reason, Actor actor);

  /** Takes everything away until released; raises the revocation counter. */
  Device suspend(UUID id, String reason, Actor actor);

  /** Leaves the device nothing but the channel on which it is told to wipe itself; raises the revocation counter. */
  Device wipe(UUID id, String reason, Actor actor);

  /** For good; raises the revocation counter. Called by {@code decommission} in its one commit. */
  Device decommission(UUID id, String reason, Actor actor);

  /** Raises the revocation counter, for instance when a certificate is revoked. */
  void raiseRevocationCounter(UUID id);

  /**
   * Binds a public key to a hardware unit for ever (law 3), idempotently; refuses with {@code duplicate-key} when it
   * belongs to another one or to the server.
   *
   * @param key SHA-256 over the SubjectPublicKeyInfo
   * @param kind {@code idevid}, {@code ldevid}, …
   */
  void claimKey(UUID hardwareUnit, Digest key, String kind);

  /** A key that is to belong to a hardware unit, as {@link #claimKey} has it. */
  record KeyClaim(UUID hardwareUnit, Digest key, String kind) {}

  /**
   * Claims all in two round trips. Answers the index of the first whose key belongs to another unit or to the server:
   * then the caller gives its transaction up.
   */
  OptionalInt claimKeys(List<KeyClaim> claims);

  /** The same, answering the indexes of all whose key belongs to another unit or to the server; the others are claimed. */
  default Set<Integer> claimEach(List<KeyClaim> claims) {
    Set<Integer> foreign = new HashSet<>();
    for (int i = 0; i < claims.size(); i++) {
      if (claimKeys(claims.subList(i, i + 1)).isPresent()) {
        foreign.add(i);
      }
    }
    return foreign;
  }

  /** What {@link #get} refuses with. */
  static Refusal unknownDevice(UUID id) {
    return new Refusal(DeviceProblem.UNKNOWN_DEVICE, "No device " + id + " is registered.");
  }

  /** What {@link #requireSound} refuses with. */
  static Refusal compromisedKey() {
    return new Refusal(
        DeviceProblem.COMPROMISED_KEY, "This key was reported as compromised; make a new one.");
  }

  /** What {@link #claimKey} refuses with. */
  static Refusal duplicateKey() {
    return new Refusal(
        DeviceProblem.DUPLICATE_KEY,
        "This public key belongs to another hardware unit; make a new key.");
  }

  /** Refuses a key with {@code compromised-key} once a certificate on it was revoked for key compromise. */
  void requireSound(Digest key);

  /** Those of these keys that {@link #requireSound} refuses. */
  default Set<Digest> compromised(Collection<Digest> keys) {
    Set<Digest> found = new HashSet<>();
    for (Digest key : keys) {
      try {
        requireSound(key);
      } catch (Refusal compromised) {
        found.add(key);
      }
    }
    return found;
  }

  /** Notes, in the caller's transaction, that nobody may be certified for this key again. */
  void condemnKey(Digest key);

  /** Records a key of the server's own, so that no device can claim it; refuses with {@code duplicate-key}. */
  void reserveKey(Digest key);
}
