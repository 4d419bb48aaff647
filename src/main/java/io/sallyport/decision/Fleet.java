package io.sallyport.decision;

import io.sallyport.decision.FleetDevice.LiveCredential;
import io.sallyport.devices.DeviceState;
import io.sallyport.kernel.Digest;
import io.sallyport.policy.PolicySet;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What decisions are made from. Any thread reads; {@link FleetKeeper} alone writes, one thread at a time for each part.
 * A part that could not be read again is doubtful, and nothing is permitted on it.
 */
@Singleton
final class Fleet {
  private static final int SHARD_BITS = 6;
  static final int SHARDS = 1 << SHARD_BITS;
  /** Times this, the upper bits of a hash hang on all of it (Fibonacci hashing). */
  private static final int SPREAD = 0x9e3779b9;

  /**
   * What a profile says of policies.
   *
   * @param policies the only ones that permit, or null for all
   */
  record ProfilePolicies(@Nullable Set<String> policies) {}

  private final Map<UUID, FleetDevice> devices = new ConcurrentHashMap<>();
  private final Map<Digest, UUID> holders = new ConcurrentHashMap<>();
  private final Map<CertificateName, Digest> thumbprints = new ConcurrentHashMap<>();
  private final Map<String, ProfilePolicies> profiles = new ConcurrentHashMap<>();
  private final Set<Part> doubtful = ConcurrentHashMap.newKeySet();
  private volatile @Nullable PolicySet policies;
  private volatile Set<String> revokedIssuers = Set.of();
  private volatile @Nullable Instant confirmed;
  private volatile long position = -1;

  @Nullable
  FleetDevice device(UUID id) {
    return devices.get(id);
  }

  /** As it is while it is gone through; changes meanwhile may be seen or not. */
  Collection<FleetDevice> devices() {
    return devices.values();
  }

  /** The devices of one of {@link #SHARDS} shards, by id; a device stays in its own. */
  List<FleetDevice> shard(int shard) {
    return devices.values().stream()
        .filter(device -> shard(device.id()) == shard)
        .sorted(Comparator.comparing(FleetDevice::id))
        .toList();
  }

  static int shard(UUID device) {
    return device.hashCode() * SPREAD >>> Integer.SIZE - SHARD_BITS;
  }

  /** Whose certificate this is or was, or null. */
  @Nullable
  UUID holder(Digest thumbprint) {
    return holders.get(thumbprint);
  }

  /** The thumbprint of the certificate of this name, or null. */
  @Nullable
  Digest thumbprint(CertificateName name) {
    return thumbprints.get(name);
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
    Optional<FleetDevice> device = read.filter(known -> known.state() != DeviceState.EXPECTED);
    FleetDevice before = device.isPresent() ? devices.put(id, device.get()) : devices.remove(id);
    List<LiveCredential> now = device.map(FleetDevice::credentials).orElse(List.of());
    now.forEach(credential -> {
      holders.put(credential.thumbprint(), id);
      thumbprints.put(credential.name(), credential.thumbprint());
    });
    if (before != null) {
      before.credentials().stream()
          .filter(credential ->
              now.stream().noneMatch(other -> other.thumbprint().equals(credential.thumbprint())))
          .forEach(credential -> {
            holders.remove(credential.thumbprint(), id);
            thumbprints.remove(credential.name(), credential.thumbprint());
          });
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
