package io.sallyport.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.sallyport.devices.DeviceState;
import io.sallyport.policy.PolicySet;
import io.sallyport.policy.Question;
import io.sallyport.policy.Question.RequestedFlow;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is remembered of a kind of device is never taken for the answer to another question. */
class FleetSubjectTest {
  private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");
  private static final FleetDevice ONE =
      FakeFleet.device(new UUID(0, 1), DeviceState.ACTIVE, NOW, null);
  private static final FleetDevice OTHER =
      FakeFleet.device(new UUID(0, 2), DeviceState.SUSPENDED, NOW, null);

  @Test
  void eachSetAnswersForItself() {
    PolicySet first = set("first.example");
    PolicySet second = set("second.example");
    for (int i = 0; i < 3; i++) {
      for (FleetDevice device : List.of(ONE, OTHER)) {
        assertEquals(List.of("first.example"), permitted(first, device, null));
        assertEquals(List.of("second.example"), permitted(second, device, null));
      }
    }
  }

  @Test
  void eachProfileHasItsOwnPolicies() {
    PolicySet set = set("first.example", "second.example");
    for (int i = 0; i < 3; i++) {
      assertEquals(List.of("first.example", "second.example"), permitted(set, ONE, null));
      assertEquals(List.of("first.example"), permitted(set, ONE, Set.of("first")));
      assertEquals(List.of("second.example"), permitted(set, OTHER, Set.of("second")));
      assertEquals(List.of(), permitted(set, ONE, Set.of()));
    }
  }

  private static List<String> permitted(
      PolicySet set, FleetDevice device, @Nullable Set<String> policies) {
    return Stream.of("first.example", "second.example")
        .filter(peer -> set.evaluate(new Question(
                device.subject(policies), null, new RequestedFlow(peer, "tcp", 443), NOW))
            .permit())
        .toList();
  }

  /** A policy for each peer, named by its first label. */
  private static PolicySet set(String... peers) {
    return PolicySet.compile(Stream.of(peers)
        .map(peer -> """
                apiVersion: sallyport.io/v1
                kind: AccessPolicy
                metadata: {name: %s}
                spec:
                  selector: {profile: camera}
                  allow: [{peer: %s, protocol: tcp, ports: [443]}]
                """.formatted(peer.substring(0, peer.indexOf('.')), peer))
        .toList());
  }
}
