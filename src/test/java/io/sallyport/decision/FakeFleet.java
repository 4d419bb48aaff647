package io.sallyport.decision;

import io.sallyport.decision.Fleet.ProfilePolicies;
import io.sallyport.decision.FleetDevice.LiveCredential;
import io.sallyport.decision.FleetDevice.Standing;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.HardwareUnit;
import io.sallyport.events.Changes.Change;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import io.sallyport.policy.PolicySet;
import io.sallyport.policy.Question.Subject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** What is committed, in a map; it can fail, and its readings can be held up between reading and answering. */
final class FakeFleet implements FleetSource {
  final Map<UUID, FleetDevice> committed = new ConcurrentHashMap<>();
  final List<Change> feed = new ArrayList<>();
  private final Map<FleetKeeper, Long> positions = new HashMap<>();
  volatile PolicySet policies;
  volatile java.util.Set<String> revokedIssuers = java.util.Set.of();
  volatile boolean away;
  volatile Runnable afterReading = () -> {};

  FakeFleet(PolicySet policies) {
    this.policies = policies;
  }

  static Digest thumbprint(UUID device) {
    return Digest.of(device.toString().getBytes());
  }

  static CertificateName name(UUID device) {
    return new CertificateName(
        "aa", new java.math.BigInteger(1, thumbprint(device).octets()));
  }

  static FleetDevice device(UUID id, DeviceState state, Instant now, @Nullable Standing standing) {
    LiveCredential credential = new LiveCredential(
        thumbprint(id), name(id), now.minus(Duration.ofHours(1)), now.plus(Duration.ofDays(1)));
    Device device = new Device(
        id,
        new HardwareUnit(id, "Acme", "Cam 1", "S-1"),
        "camera",
        "ops",
        "plant-1",
        Map.of(),
        state,
        0,
        now);
    Subject subject =
        FleetDevice.of(device, List.of(), Optional.empty(), List.of()).subject();
    return new FleetDevice(subject, state, standing, List.of(credential), List.of());
  }

  /** Commits a device, as the sequencer tells of it. */
  void commit(UUID id, FleetDevice device) {
    committed.put(id, device);
    feed.add(new Change(
        feed.size() + 1, new UUID(0, feed.size() + 1), "device.changed", "device", id.toString()));
  }

  @Override
  public Optional<FleetDevice> device(UUID id) {
    Optional<FleetDevice> read = there(Optional.ofNullable(committed.get(id)));
    afterReading.run();
    return read;
  }

  @Override
  public Optional<ProfilePolicies> profile(String name) {
    return there(Optional.of(new ProfilePolicies(null)));
  }

  @Override
  public PolicySet policies() {
    return there(policies);
  }

  @Override
  public java.util.Set<String> revokedIssuers() {
    return there(revokedIssuers);
  }

  @Override
  public Page<Loaded> devices(@Nullable String cursor) {
    return there(new Page<>(
        committed.entrySet().stream()
            .map(entry -> new Loaded(entry.getKey(), entry.getValue()))
            .toList(),
        null));
  }

  @Override
  public Page<String> profiles(@Nullable String cursor) {
    return there(new Page<>(List.of("camera"), null));
  }

  @Override
  public long position() {
    return there((long) feed.size());
  }

  /** What the feed does for a keeper, once: loads it, or gives it what it has not had, then confirms {@code now}. */
  void feed(FleetKeeper keeper, Instant now) {
    Long given = positions.get(keeper);
    if (given == null) {
      positions.put(keeper, keeper.load());
    } else {
      List<Change> changes = there(feed.stream().skip(given).toList());
      if (!changes.isEmpty()) {
        keeper.changed(changes);
        positions.put(keeper, changes.getLast().position());
      }
      keeper.confirmed(now);
    }
    keeper.retry();
  }

  private <T> T there(T value) {
    if (away) {
      throw new IllegalStateException("the database is away");
    }
    return value;
  }
}
