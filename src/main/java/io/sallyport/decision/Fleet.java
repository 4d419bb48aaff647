package io.sallyport.decision;

import io.sallyport.decision.FleetDevice.LiveCredential;
import io.sallyport.devices.DeviceState;
import io.sallyport.kernel.Digest;
import io.sallyport.policy.PolicySet;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What decisions are made from. Any thread reads; {@link FleetKeeper} alone writes, one thread at a time for each part.
 * A part that could not be read again is doubtful, and nothing is permitted on it.
 */
@Singleton
final class Fleet {
  private static final int SHARD_BITS = 6;
  static final int SHARDS = 1 << SHARD_BITS;
  /**
   * What a profile says of policies.
   *
   * @param policies the only ones that permit, or null for all
   */
  record ProfilePolicies(@Nullable Set<String> policies) {}

  private final DeviceIndex<UUID> devices = new DeviceIndex<>(new ById());
  private final DeviceIndex<Digest> holders = new DeviceIndex<>(new ByThumbprint());
  private final DeviceIndex<CertificateName> names = new DeviceIndex<>(new ByName());
  private final Map<String, ProfilePolicies> profiles = new ConcurrentHashMap<>();
  private final Set<Part> doubtful = ConcurrentHashMap.newKeySet();
  private volatile @Nullable PolicySet policies;
  private volatile Set<String> revokedIssuers = Set.of();
  private volatile @Nullable Instant confirmed;
  private volatile long position = -1;

  @Nullable
  FleetDevice device(UUID id) {
    return devices.find(id);
  }

  /** As it is while it is gone through; changes meanwhile may be seen or not. */
  void forEach(Consumer<FleetDevice> each) {
    devices.forEach(0, 0, each);
  }

  /** How many devices there are. */
  int size() {
    return devices.size();
  }

  /** The devices of one of {@link #SHARDS} shards, by id; a device stays in its own. */
  List<FleetDevice> shard(int shard) {
    List<FleetDevice> found = new ArrayList<>();
    devices.forEach(shard, SHARD_BITS, device -> {
      if (shard(device.id()) == shard) {
        found.add(device);
      }
    });
    found.sort(Comparator.comparing(FleetDevice::id));
    return found;
  }

  static int shard(UUID device) {
    return DeviceIndex.prefix(device, SHARD_BITS);
  }

  /** Whose certificate this is or was, or null. */
  @Nullable
  UUID holder(Digest thumbprint) {
    FleetDevice holder = holders.find(thumbprint);
    return holder == null ? null : holder.id();
  }

  /** The thumbprint of the certificate of this name, or null. */
  @Nullable
  Digest thumbprint(CertificateName name) {
    FleetDevice holder = names.find(name);
    return holder == null ? null : holder.thumbprint(name);
  }

  @Nullable
  ProfilePolicies profile(String name) {
    return profiles.get(name);
  }

  @Nullable
  PolicySet policies() {
    return policies;
  }

  /** Whether anything is doubtful. */
  boolean hasDoubts() {
    return !doubtful.isEmpty();
  }

  boolean isDoubtful(Part part) {
    return !doubtful.isEmpty() && doubtful.contains(part);
  }

  /** The instant up to which all numbered changes are in here, or null before the first load. */
  @Nullable
  Instant confirmed() {
    return confirmed;
  }

  /** Position in the feed up to which changes are in here; negative before the first load. */
  long position() {
    return position;
  }

  void reached(long reached) {
    position = reached;
  }

  void confirm(Instant instant) {
    confirmed = instant;
  }

  /** Returns whether the part was trusted until now. */
  boolean doubt(Part part) {
    return doubtful.add(part);
  }

  void trust(Part part) {
    doubtful.remove(part);
  }

  List<Part> doubtful() {
    return List.copyOf(doubtful);
  }

  /** A device that is merely expected is not kept: there may be millions, and none of them may do anything. */
  void putDevice(UUID id, Optional<FleetDevice> read) {
    FleetDevice device =
        read.filter(known -> known.state() != DeviceState.EXPECTED).orElse(null);
    FleetDevice before = device == null ? devices.remove(id) : devices.put(id, device);
    List<LiveCredential> now = device == null ? List.of() : device.credentials();
    for (LiveCredential credential : now) {
      holders.put(credential.thumbprint(), Objects.requireNonNull(device));
      names.put(credential.name(), Objects.requireNonNull(device));
    }
    if (before != null) {
      for (LiveCredential old : before.credentials()) {
        if (device == null || !device.has(old.thumbprint())) {
          holders.removeOf(id, old.thumbprint());
          names.removeOf(id, old.name());
        }
      }
    }
  }

  private static final class ById implements DeviceIndex.Keyed<UUID> {
    @Override
    public boolean has(FleetDevice device, UUID id) {
      return device.is(id);
    }

    @Override
    public List<UUID> keys(FleetDevice device) {
      return List.of(device.id());
    }
  }

  private static final class ByThumbprint implements DeviceIndex.Keyed<Digest> {
    @Override
    public boolean has(FleetDevice device, Digest thumbprint) {
      return device.has(thumbprint);
    }

    @Override
    public List<Digest> keys(FleetDevice device) {
      return device.credentials().stream().map(LiveCredential::thumbprint).toList();
    }
  }

  private static final class ByName implements DeviceIndex.Keyed<CertificateName> {
    @Override
    public boolean has(FleetDevice device, CertificateName name) {
      return device.thumbprint(name) != null;
    }

    @Override
    public List<CertificateName> keys(FleetDevice device) {
      return device.credentials().stream().map(LiveCredential::name).toList();
    }
  }

  void putProfile(String name, Optional<ProfilePolicies> profile) {
    if (profile.isPresent()) {
      profiles.put(name, profile.get());
    } else {
      profiles.remove(name);
    }
  }

  /** Key identifiers; nothing that was signed with these keys counts. */
  Set<String> revokedIssuers() {
    return revokedIssuers;
  }

  void putRevokedIssuers(Set<String> identifiers) {
    revokedIssuers = Set.copyOf(identifiers);
  }

  void putPolicies(PolicySet set) {
    policies = set;
  }
}
