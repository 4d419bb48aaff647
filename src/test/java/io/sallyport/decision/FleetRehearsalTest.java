package io.sallyport.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.sallyport.decision.Fleet.ProfilePolicies;
import io.sallyport.decision.Rehearsal.Comparison;
import io.sallyport.decision.Rehearsal.Difference;
import io.sallyport.devices.DeviceState;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.PolicySet;
import io.sallyport.policy.Question.Signalled;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.sallyport.policy.Verdict.Network;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FleetRehearsalTest {
  private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");
  private static final AllowedFlow OLD = new AllowedFlow("old.example", "tcp", List.of("443"));
  private static final AllowedFlow NEW = new AllowedFlow("new.example", "tcp", List.of("443"));

  private final UUID camera = new UUID(0, 1);
  private final Fleet fleet = new Fleet();
  private final Rehearsal rehearsal = new FleetRehearsal(fleet, new DrivenClock(NOW));
  private final PolicySet base = set(policy("a", "", "old.example"));

  @BeforeEach
  void oneCamera() {
    fleet.putPolicies(base);
    fleet.putProfile("camera", Optional.of(new ProfilePolicies(null)));
    put(camera, DeviceState.ACTIVE);
  }

  private void put(UUID id, DeviceState state) {
    fleet.putDevice(id, Optional.of(FakeFleet.device(id, state, NOW, null)));
  }

  @Test
  void theSameSetChangesNothing() {
    Comparison same = rehearsal.compare(set(policy("b", "", "old.example")), Set.of());
    assertEquals(new Comparison(base.hash(), 1, 0, 0, 0, List.of()), same);
  }

  @Test
  void whatADeviceGainsAndLosesIsTold() {
    Comparison comparison = rehearsal.compare(set(policy("a", "", "new.example")), Set.of());
    assertEquals(1, comparison.gaining());
    assertEquals(1, comparison.losing());
    Difference difference = comparison.told().getFirst();
    assertEquals(camera, difference.device());
    assertEquals(List.of(NEW), difference.permitted());
    assertEquals(List.of(OLD), difference.denied());
  }

  @Test
  void anotherNetworkIsAChangeToo() {
    PolicySet candidate = set(policy("a", "network: {vlan: 7}", "old.example"));
    Comparison comparison = rehearsal.compare(candidate, Set.of());
    assertEquals(1, comparison.changed());
    assertEquals(0, comparison.gaining() + comparison.losing());
    assertEquals(new Network(7, null), comparison.told().getFirst().after());
  }

  @Test
  void whoMayNotConnectIsNotLookedAt() {
    put(camera, DeviceState.SUSPENDED);
    assertEquals(
        0, rehearsal.compare(set(policy("a", "", "new.example")), Set.of()).devices());
  }

  @Test
  void whatIsReportedOfADeviceCountsUntilItEnds() {
    PolicySet candidate = set(policy("a", "conditions: ['size(signals) == 0']", "old.example"));
    assertEquals(0, rehearsal.compare(candidate, Set.of()).losing());
    report(NOW);
    assertEquals(0, rehearsal.compare(candidate, Set.of()).losing());
    report(NOW.plusSeconds(1));
    assertEquals(1, rehearsal.compare(candidate, Set.of()).losing());
  }

  private void report(Instant until) {
    FleetDevice device = FakeFleet.device(camera, DeviceState.ACTIVE, NOW, null);
    fleet.putDevice(
        camera,
        Optional.of(new FleetDevice(
            device.subject(),
            DeviceState.ACTIVE,
            null,
            device.credentials(),
            List.of(),
            List.of(new Signalled("scan", "executables", "low", until)))));
  }

  @Test
  void otherSitesAreNotLookedAt() {
    PolicySet candidate = set(policy("a", "", "new.example"));
    assertEquals(0, rehearsal.compare(candidate, Set.of("plant-2")).devices());
    assertEquals(1, rehearsal.compare(candidate, Set.of("plant-1")).devices());
  }

  @Test
  void whatItsProfileDoesNotLetApplyChangesNothing() {
    fleet.putProfile("camera", Optional.of(new ProfilePolicies(Set.of("a"))));
    PolicySet candidate = set(policy("a", "", "old.example"), policy("b", "", "new.example"));
    assertEquals(0, rehearsal.compare(candidate, Set.of()).changed());
  }

  @Test
  void allAreCountedAndAThousandTold() {
    for (int i = 2; i <= 1100; i++) {
      put(new UUID(0, i), DeviceState.ACTIVE);
    }
    Comparison comparison = rehearsal.compare(set(policy("a", "", "new.example")), Set.of());
    assertEquals(1100, comparison.changed());
    assertEquals(Rehearsal.MOST_TOLD, comparison.told().size());
  }

  @Test
  void nothingIsSaidWhileThePoliciesAreInDoubt() {
    fleet.doubt(Part.POLICIES);
    assertThrows(Refusal.class, () -> rehearsal.compare(base, Set.of()));
  }

  private static PolicySet set(String... documents) {
    return PolicySet.compile(List.of(documents));
  }

  private static String policy(String name, String more, String peer) {
    return """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: %s}
        spec:
          selector: {profile: camera}
          allow:
            - {peer: %s, protocol: tcp, ports: [443]}
          grant: {ttl: PT10M}
          %s
        """.formatted(name, peer, more);
  }
}
