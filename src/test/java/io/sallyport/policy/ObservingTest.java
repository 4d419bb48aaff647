package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A zone that observes, beside permits that are about nobody or about another time. */
class ObservingTest {
  private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");
  private static final String ZONE = """
      apiVersion: sallyport.io/v1
      kind: Segment
      metadata: {name: zone}
      spec: {mode: observe, devices: {profile: camera}}
      """;

  /** What a device may do at all in the zone, with one permit. */
  private static Verdict admitted(String spec) {
    PolicySet policies = PolicySet.compile(List.of(ZONE, """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: a}
        spec:
          selector: {profile: camera}
        """ + spec.indent(2)));
    return policies.evaluate(
        new Question(TestSubjects.of("camera", "plant-1", Map.of()), null, null, NOW));
  }

  @Test
  void aPermitOfWhatNoSegmentStandsForShutsNobodyOut() {
    Verdict verdict =
        admitted("allow: [{peer: {mud: my-controller}, protocol: tcp, ports: [443]}]");
    assertTrue(verdict.permit(), verdict::toString);
    assertTrue(verdict.isOpen());
  }

  @Test
  void nobodyIsAttachedByAccessInNeedThatIsOver() {
    String access = """
        allow: [{peer: 10.0.0.0/8, protocol: tcp, ports: [22]}]
        network: {vlan: 10}
        breakGlass: {owner: ops@plant, reason: a leak, until: %s}
        """;
    Verdict after = admitted(access.formatted("2026-11-20T00:00:00Z"));
    assertTrue(after.permit(), after::toString);
    assertNull(after.network());
    Verdict meanwhile = admitted(access.formatted("2026-11-22T12:00:00Z"));
    assertEquals(new Verdict.Network(10, null), meanwhile.network());
    assertEquals(Instant.parse("2026-11-22T12:00:00Z"), meanwhile.validUntil());
  }
}
