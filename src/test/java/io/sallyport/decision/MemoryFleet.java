package io.sallyport.decision;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sallyport.decision.Fleet.ProfilePolicies;
import io.sallyport.decision.FleetDevice.LiveCredential;
import io.sallyport.devices.Device;
import io.sallyport.devices.DeviceState;
import io.sallyport.devices.HardwareUnit;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Ids;
import io.sallyport.policy.PolicySet;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** A decision point over devices that a test puts, without a database; current for as long as the clock stands. */
public final class MemoryFleet {
  private final Clock clock;
  private final Fleet fleet = new Fleet();
  private final DecisionPoint decisions;

  public MemoryFleet(Clock clock, PolicySet policies) {
    this.clock = clock;
    SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    FakeStore store = new FakeStore();
    Ids ids = new Ids(clock, new SecureRandom());
    DecisionSettings settings = TestDecisionSettings.logging(1);
    decisions = new FleetDecisionPoint(
        fleet,
        new EssentialUses(store, metrics),
        new ObservedFlows((seen, missed) -> {}, metrics),
        new CanaryCounts(new NoCanaries()),
        new DecisionLog(store, settings, ids, metrics),
        settings,
        clock,
        ids,
        metrics);
    policies(policies);
    fleet.confirm(clock.instant());
  }

  public void policies(PolicySet policies) {
    fleet.putPolicies(policies);
  }

  public DecisionPoint decisions() {
    return decisions;
  }

  public FleetSearch search() {
    return new FleetWalk(fleet, new Freshness(decisions, TestDecisionSettings.logging(1)), clock);
  }

  /** A device with one certificate, which is over when it is not {@code live}. */
  public void put(
      UUID id,
      String profile,
      String site,
      Map<String, String> labels,
      DeviceState state,
      boolean live) {
    FleetDevice plain = FleetDevice.of(
        new Device(
            id,
            new HardwareUnit(id, "Acme", "Cam 1", "S-" + id),
            profile,
            "ops",
            site,
            labels,
            state,
            0,
            clock.instant()),
        List.of(),
        Optional.empty(),
        List.of());
    Digest thumbprint = thumbprint(id);
    LiveCredential credential = new LiveCredential(
        thumbprint,
        new CertificateName("aa", new BigInteger(1, thumbprint.octets())),
        clock.instant().minus(Duration.ofHours(1)),
        clock.instant().plus(Duration.ofHours(live ? 1 : -1)));
    fleet.putProfile(profile, Optional.of(new ProfilePolicies(null)));
    fleet.putDevice(
        id,
        Optional.of(new FleetDevice(plain.subject(), state, null, List.of(credential), List.of())));
  }

  /** As if a change of it could not be read. */
  public void doubt(UUID id) {
    fleet.doubt(new Part.OfDevice(id));
  }

  public static Digest thumbprint(UUID device) {
    return Digest.of(device.toString().getBytes(StandardCharsets.UTF_8));
  }
}
