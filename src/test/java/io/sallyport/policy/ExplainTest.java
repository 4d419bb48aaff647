package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.policy.Explanation.Change;
import io.sallyport.policy.Explanation.Fact;
import io.sallyport.policy.Explanation.Kind;
import io.sallyport.policy.Explanation.Unmet;
import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.PostureClaim;
import io.sallyport.policy.Question.RequestedFlow;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExplainTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
  private static final RequestedFlow VIDEO = new RequestedFlow("vms.plant.example", "tcp", 8554);

  private static final String CAMERAS = """
      apiVersion: sallyport.io/v1
      kind: AccessPolicy
      metadata: {name: cameras}
      spec:
        selector: {profile: camera, labels: {zone: perimeter}}
        posture:
          executables: {tier: warning, assurance: signed-software}
        conditions:
          - atLeastVersion(posture.firmware.version, "1.3")
        allow:
          - {peer: vms.plant.example, protocol: tcp, ports: [8554, "9000-9010"]}
          - {peer: 10.20.0.0/16, protocol: udp, ports: [123]}
      """;

  private static Posture posture(String version, String tier, String assurance) {
    return new Posture(
        tier,
        Map.of("executables", new PostureClaim(tier, assurance)),
        Map.of("firmware.version", version, "uptime.days", 3L, "secureBoot", false),
        NOW.plusSeconds(900));
  }

  private static final Posture GOOD = posture("1.3.0", "warning", "signed-software");

  private static Explanation explain(
      @Nullable Posture posture, @Nullable RequestedFlow flow, String... documents) {
    return PolicySet.compile(List.of(documents))
        .explain(new Question(
            TestSubjects.of("camera", "plant-1", Map.of("zone", "perimeter")), posture, flow, NOW));
  }

  private static List<String> changes(Explanation explanation) {
    return explanation.changes().stream().map(Change::words).toList();
  }

  @Test
  void aWrongPortIsAnsweredWithTheRightOne() {
    Explanation explanation =
        explain(GOOD, new RequestedFlow("vms.plant.example", "tcp", 8545), CAMERAS);
    assertEquals(
        List.of(new Change(
            "cameras",
            Kind.FLOW,
            "policy cameras allows tcp vms.plant.example 8554,9000-9010, you asked 8545")),
        explanation.changes());
    assertEquals(
        List.of(new Unmet(
            "cameras",
            "allow[0]",
            Kind.FLOW,
            "flow",
            "tcp to vms.plant.example port 8545",
            "tcp vms.plant.example 8554,9000-9010")),
        explanation.unmet());
  }

  @Test
  void aNameThatIsWrittenWronglyIsAnsweredWithTheOneLikeIt() {
    assertEquals(
        List.of(
            "policy cameras allows tcp vms.plant.example 8554,9000-9010, you asked tcp to vms.pant.example port 8554"),
        changes(explain(GOOD, new RequestedFlow("vms.pant.example", "tcp", 8554), CAMERAS)));
  }

  @Test
  void oldFirmwareIsAnsweredWithTheVersionThatWouldDo() {
    Explanation explanation = explain(posture("1.2.9", "warning", "hardware"), VIDEO, CAMERAS);
    assertEquals(
        List.of("posture.firmware.version 1.3 or later would permit"), changes(explanation));
    assertTrue(explanation
        .facts()
        .containsAll(List.of(
            new Fact("flow", "tcp to vms.plant.example port 8554", "question"),
            new Fact("device.labels.zone", "perimeter", "device"),
            new Fact("posture.claims.executables", "warning on hardware", "appraisal"),
            new Fact("posture.firmware.version", "1.2.9", "appraisal"))));
  }

  @Test
  void badPostureIsAnsweredWithTheLeastThatWouldDo() {
    Explanation explanation =
        explain(posture("1.3", "contraindicated", "hardware"), VIDEO, CAMERAS);
    assertEquals(
        List.of("executables warning or better on signed-software or stronger would permit"),
        changes(explanation));
    assertEquals(
        List.of(new Unmet(
            "cameras",
            null,
            Kind.POSTURE,
            "executables",
            "contraindicated on hardware",
            "warning or better on signed-software or stronger")),
        explanation.unmet());
  }

  @Test
  void whatIsMissingTogetherIsSaidTogether() {
    assertEquals(
        List.of("executables warning or better on signed-software or stronger and"
            + " posture.firmware.version 1.3 or later would permit"),
        changes(explain(null, VIDEO, CAMERAS)));
  }

  @Test
  void anExpiredAppraisalWantsANewOne() {
    Posture expired = new Posture("warning", GOOD.claims(), GOOD.observed(), NOW);
    assertEquals(
        List.of("a new appraisal that says the same would permit"),
        changes(explain(expired, VIDEO, CAMERAS)));
  }

  @Test
  void aDeviceThatIsNotSelectedIsToldWhatWouldSelectIt() {
    assertEquals(
        List.of("device.labels.zone \"hall\" would permit"),
        changes(explain(GOOD, VIDEO, CAMERAS.replace("perimeter", "hall"))));
  }

  @Test
  void aForbidIsNamedWithWhatWouldEndIt() {
    String forbid = """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: old}
        spec:
          effect: forbid
          conditions: ['!atLeastVersion(posture.firmware.version, "1.4")']
          deny: [{name: video, peer: vms.plant.example, protocol: tcp, ports: [8554]}]
        """;
    Explanation explanation = explain(GOOD, VIDEO, CAMERAS, forbid);
    assertEquals(
        new Change("old", Kind.CONDITION, "posture.firmware.version 1.4 or later would permit"),
        explanation.changes().getFirst());
    assertEquals(
        new Unmet(
            "old",
            "video",
            Kind.FORBIDDEN,
            "tcp vms.plant.example 8554",
            "forbidden",
            "a condition of it that is false"),
        explanation.unmet().getFirst());
  }

  @Test
  void aPermitHasFactsAndNothingElse() {
    Explanation explanation = explain(GOOD, VIDEO, CAMERAS);
    assertTrue(explanation.verdict().permit());
    assertTrue(explanation.facts().size() > 3);
    assertEquals(List.of(), explanation.unmet());
    assertEquals(List.of(), explanation.changes());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      quoteCharacter = '`',
      value = {
        "posture.secureBoot#posture.secureBoot true would permit",
        "device.site == 'plant-2'#device.site \"plant-2\" would permit",
        "device.site != 'plant-1'#device.site other than \"plant-1\" would permit",
        "device.labels.floor in ['1', '2']#device.labels.floor \"1\", \"2\" would permit",
        "posture.observed['uptime.days'] > 5#posture.observed[\"uptime.days\"] above 5 would permit",
        "posture.observed['uptime.days'] <= 2#posture.observed[\"uptime.days\"] at most 2 would permit",
        "2 > posture.observed['uptime.days']#posture.observed[\"uptime.days\"] below 2 would permit",
        "!(posture.observed['uptime.days'] < 4)#posture.observed[\"uptime.days\"] from 4 would permit",
        "posture.claims['executables'].tier == 'affirming'#posture.claims.executables.tier \"affirming\" would permit",
        "posture.status == 'affirming' || device.site == 'plant-9'#posture.status \"affirming\" would permit",
        "device.site == 'plant-1' && posture.secureBoot#posture.secureBoot true would permit",
        "time >= timestamp('2026-11-22T12:05:00Z')#time from 2026-11-22T12:05:00Z would permit"
      })
  void aConditionIsAnsweredWithTheValueThatWouldDo(String condition, String change) {
    String policy = """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: p}
        spec:
          conditions: ['%s']
          allow: [{peer: vms.plant.example, protocol: tcp, ports: [8554]}]
        """.formatted(condition.replace("'", "''"));
    assertEquals(change, changes(explain(GOOD, VIDEO, policy)).getFirst());
  }

  @Test
  void ofThousandsOfPoliciesOnlyTheNearestAreTold() {
    String[] many = IntStream.range(0, 2000)
        .mapToObj(i -> CAMERAS.replace("name: cameras", "name: p" + i).replace("1.3", "9." + i))
        .toArray(String[]::new);
    Explanation explanation = explain(GOOD, VIDEO, many);
    assertEquals(20, explanation.unmet().size());
    assertEquals(5, explanation.changes().size());
  }
}
