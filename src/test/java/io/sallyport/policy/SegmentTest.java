package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.sallyport.policy.Verdict.Effect;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Segments by name, as peers and as selectors. */
class SegmentTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");

  private static final String VIDEO = """
      apiVersion: sallyport.io/v1
      kind: Segment
      metadata: {name: video}
      spec: {zone: operations, securityLevel: 2, peers: [VMS.plant.example, 10.20.4.0/24, "2001:db8::7"]}
      """;

  private static final String PERIMETER = """
      apiVersion: sallyport.io/v1
      kind: Segment
      metadata: {name: perimeter}
      spec: {devices: {profile: camera, labels: {zone: perimeter}}}
      """;

  private static String policy(String effect, String spec) {
    return """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: %s-video}
        spec:
          effect: %s
          %s
        """.formatted(effect, effect, spec);
  }

  private static final String PERMIT = policy(
      "permit",
      "allow: [{name: stream, peer: {segment: video}, protocol: tcp, ports: [8554]}]\n  selector: {segment: perimeter}");

  private static Verdict ask(@Nullable RequestedFlow flow, String zone, String... documents) {
    return PolicySet.compile(List.of(documents))
        .evaluate(new Question(
            TestSubjects.of("camera", "plant-1", Map.of("zone", zone)), null, flow, NOW));
  }

  private static RequestedFlow flow(String peer) {
    return new RequestedFlow(peer, "tcp", 8554);
  }

  @ParameterizedTest
  @CsvSource({
    "vms.plant.example,true",
    "10.20.4.9,true",
    "2001:db8::7,true",
    "10.20.5.1,false",
    "video,false"
  })
  void aPeerOfTheSegmentIsAPeerOfTheRule(String peer, boolean permit) {
    Verdict verdict = ask(flow(peer), "perimeter", VIDEO, PERIMETER, PERMIT);
    assertEquals(permit, verdict.permit());
    if (permit) {
      assertEquals("stream", verdict.rule());
      assertEquals(
          List.of(
              new AllowedFlow("vms.plant.example", "tcp", List.of("8554")),
              new AllowedFlow("10.20.4.0/24", "tcp", List.of("8554")),
              new AllowedFlow("2001:db8::7/128", "tcp", List.of("8554"))),
          verdict.flows());
    }
  }

  @Test
  void aDeviceOutsideTheSegmentIsNotSelected() {
    assertEquals(
        Effect.NOT_EVALUATED,
        ask(flow("vms.plant.example"), "hall", VIDEO, PERIMETER, PERMIT).effect());
  }

  @Test
  void bothMustFitWhenASelectorSaysMoreThanItsSegment() {
    String at = PERMIT.replace("{segment: perimeter}", "{segment: perimeter, site: plant-1}");
    assertTrue(ask(flow("vms.plant.example"), "perimeter", VIDEO, PERIMETER, at).permit());
    for (String other :
        List.of("site: plant-2", "profile: sensor", "labels: {zone: hall}", "model: x")) {
      String elsewhere =
          PERMIT.replace("{segment: perimeter}", "{segment: perimeter, " + other + "}");
      assertFalse(
          ask(flow("vms.plant.example"), "perimeter", VIDEO, PERIMETER, elsewhere)
              .permit(),
          other);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"profile: sensor", "labels: {zone: hall}"})
  void whoFitsTheSelectorAloneIsNotInTheSegment(String other) {
    String elsewhere =
        PERMIT.replace("{segment: perimeter}", "{segment: perimeter, " + other + "}");
    Verdict verdict = PolicySet.compile(List.of(VIDEO, PERIMETER, elsewhere))
        .evaluate(new Question(
            TestSubjects.of("sensor", "plant-1", Map.of("zone", "hall")),
            null,
            flow("10.20.4.9"),
            NOW));
    assertEquals(Effect.NOT_EVALUATED, verdict.effect());
  }

  @Test
  void aForbidOfASegmentForbidsAllItsPeers() {
    String forbid =
        policy("forbid", "deny: [{peer: {segment: video}, protocol: tcp, ports: [8554]}]");
    String all = policy("permit", "allow: [{peer: 10.20.0.0/16, protocol: tcp, ports: [8554]}]");
    assertFalse(ask(flow("10.20.4.9"), "hall", VIDEO, all, forbid).permit());
    assertTrue(ask(flow("10.20.5.9"), "hall", VIDEO, all, forbid).permit());
  }

  @Test
  void anExceptionMayBeForASegment() {
    String exception = PERMIT.replace("{segment: perimeter}", "{profile: camera}") + """
          posture: {executables: {tier: affirming, assurance: hardware}}
          exceptions: [{owner: ops, reason: r, until: 2026-12-01T00:00:00Z, selector: {segment: perimeter}, waives: [posture]}]
        """;
    assertTrue(ask(flow("10.20.4.9"), "perimeter", VIDEO, PERIMETER, exception).permit());
    assertFalse(ask(flow("10.20.4.9"), "hall", VIDEO, PERIMETER, exception).permit());
  }

  @Test
  void orderDoesNotMatterAndTheSetKnowsItsSegments() {
    String hash = PolicySet.compile(List.of(VIDEO, PERIMETER, PERMIT)).hash();
    assertEquals(hash, PolicySet.compile(List.of(PERMIT, PERIMETER, VIDEO)).hash());
    assertFalse(hash.equals(
        PolicySet.compile(List.of(PERMIT, PERIMETER, VIDEO.replace("10.20.4", "10.20.8")))
            .hash()));
  }

  @Test
  void aSetWithoutASegmentThatIsNamedIsRefused() {
    refused(
        "policy permit-video names the segment \"perimeter\", which no document describes; apply both together",
        VIDEO,
        PERMIT);
    refused(
        "policy permit-video names the segment \"video\", which no document describes; apply both together",
        PERIMETER,
        PERMIT);
    refused(
        "policy permit-video names the segment perimeter as a peer, which has no peers",
        PERIMETER,
        PERMIT.replace("peer: {segment: video}", "peer: {segment: perimeter}"));
    refused(
        "policy permit-video selects by the segment video, which has no devices",
        VIDEO,
        PERMIT.replace("selector: {segment: perimeter}", "selector: {segment: video}"));
  }

  private static final String CONTROLLED = policy(
      "permit",
      "allow: [{name: c, peer: {mud: \"controller:https://acme.example/vms\"}, protocol: tcp, ports: [8554]}]");

  @Test
  void whatAMudFileNamesIsTheSegmentsThatStandForIt() {
    String vms = VIDEO.replace(
        "spec: {", "spec: {mud: [my-controller, \"controller:https://acme.example/vms\"], ");
    assertTrue(ask(flow("10.20.4.9"), "hall", vms, CONTROLLED).permit());
    assertFalse(ask(flow("10.20.5.9"), "hall", vms, CONTROLLED).permit());
    String more = vms.replace("name: video", "name: more").replace("10.20.4", "10.20.5");
    assertTrue(ask(flow("10.20.5.9"), "hall", vms, more, CONTROLLED).permit());
  }

  @Test
  void whatNoSegmentStandsForIsPermittedNobodyAndTheMessageSaysWhatIsMissing() {
    String missing =
        "c is about controller:https://acme.example/vms, which no segment stands for: write mud:"
            + " [\"controller:https://acme.example/vms\"] into one";
    Verdict verdict = ask(flow("vms.plant.example"), "hall", VIDEO, CONTROLLED);
    assertEquals(Effect.DENY, verdict.effect());
    assertEquals(
        List.of(
            "policy permit-video: tcp to vms.plant.example port 8554 is not among what it allows; and "
                + missing),
        verdict.reasons());
    // Nobody gets in by calling himself what the file does.
    assertFalse(ask(flow("mud controller:https://acme.example/vms"), "hall", VIDEO, CONTROLLED)
        .permit());
    assertFalse(
        ask(new RequestedFlow("controller:https://acme.example/vms", "icmp", 0), "hall", CONTROLLED)
            .permit());
    assertEquals(
        List.of("policy permit-video: " + missing),
        ask(null, "hall", CONTROLLED).reasons());
    Explanation explanation = PolicySet.compile(List.of(CONTROLLED))
        .explain(new Question(
            TestSubjects.of("camera", "plant-1", Map.of()), null, flow("a.example"), NOW));
    assertEquals(missing, explanation.unmet().getFirst().wants());
    assertEquals(List.of(), explanation.changes());
    refused(
        "policy forbid-video forbids nobody, as " + missing,
        policy(
            "forbid",
            "deny: [{name: c, peer: {mud: \"controller:https://acme.example/vms\"}, protocol: tcp, ports: [1]}]"));
  }

  @Test
  void aPolicyComesToABoundedNumberOfRules() {
    String peers = IntStream.range(0, 256)
        .mapToObj(i -> "p" + i + ".example")
        .collect(Collectors.joining(", "));
    String rules = IntStream.range(1, 18)
        .mapToObj(port -> "{peer: {segment: video}, protocol: tcp, ports: [" + port + "]}")
        .collect(Collectors.joining(", "));
    refused(
        "policy permit-video comes to 4352 rules with the peers of its segments; at most 4096 are allowed",
        VIDEO.replaceFirst("peers: \\[.*]", "peers: [" + peers + "]"),
        policy("permit", "allow: [" + rules + "]"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{zone: z}|line 4, column 7: spec: needs devices, peers or both",
        "{peers: [10.0.0.1/8]}|line 4, column 16: spec.peers[0]: \"10.0.0.1/8\" has bits set behind its prefix length; write the first address of the network",
        "{securityLevel: 5, peers: [a.example]}|line 4, column 23: spec.securityLevel: 5 is not a whole number from 0 to 4",
        "{devices: {segment: other}}|line 4, column 17: spec.devices: a segment is not described by another one",
        "{peers: [a.example], allow: []}|line 4, column 28: spec: unknown field \"allow\"; known here: zone, securityLevel, mode, devices, mud, peers",
        "{mud: [my-controller]}|line 4, column 13: spec.mud: needs peers beside it: who that is here",
        "{mud: [controllers], peers: [a.example]}|line 4, column 14: spec.mud[0]: \"controllers\" is none of my-controller, local-networks, same-manufacturer, controller:URI, manufacturer:NAME and model:URI"
      })
  void aBadSegmentIsRefusedWithPlaceAndReason(String spec, String detail) {
    refused(
        detail,
        "apiVersion: sallyport.io/v1\nkind: Segment\nmetadata: {name: s}\nspec: " + spec + "\n");
  }

  private static void refused(String detail, String... documents) {
    Refusal refusal = assertThrows(Refusal.class, () -> PolicySet.compile(List.of(documents)));
    assertEquals(PolicyProblem.INVALID_POLICY, refusal.problem());
    assertEquals(detail, refusal.detail());
  }
}
