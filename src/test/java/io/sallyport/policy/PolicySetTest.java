package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.policy.Question.Described;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.PostureClaim;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Question.Subject;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.sallyport.policy.Verdict.Essential;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicySetTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
  private static final Instant LATER = NOW.plusSeconds(900);
  private static final Subject CAMERA =
      subject("camera", "plant-1", Map.of("zone", "perimeter"), null);
  private static final RequestedFlow VIDEO = new RequestedFlow("vms.plant.example", "tcp", 8554);
  private static final RequestedFlow CLOCK = new RequestedFlow("10.20.3.4", "udp", 123);

  private static final String CAMERAS = """
      apiVersion: sallyport.io/v1
      kind: AccessPolicy
      metadata: {name: cameras}
      spec:
        selector: {profile: camera, site: plant-1, labels: {zone: perimeter}}
        posture:
          executables: {tier: warning, assurance: signed-software}
        conditions:
          - posture.firmware.version == "1.3.0"
        allow:
          - {peer: vms.plant.example, protocol: tcp, ports: [8554, "9000-9010"]}
          - {peer: 10.20.0.0/16, protocol: udp, ports: [123], essential: {owner: ops@plant, longest: PT4H}}
        grant: {ttl: PT5M}
        otherwise: {quarantineVlan: 666}
      """;

  private static final List<AllowedFlow> CAMERA_FLOWS = List.of(
      new AllowedFlow("vms.plant.example", "tcp", List.of("8554", "9000-9010")),
      new AllowedFlow("10.20.0.0/16", "udp", List.of("123")));

  /** NullAway does not see, across a class file, that a compact constructor takes null. */
  @SuppressWarnings("NullAway")
  private static Subject subject(
      String profile, String site, Map<String, String> labels, @Nullable Set<String> policies) {
    return new Described(
        "id-1", "acme", "c1", "s1", profile, "ops", site, labels, "active", policies);
  }

  private static Posture posture(String version, String tier, String assurance) {
    return new Posture(
        tier,
        Map.of("executables", new PostureClaim(tier, assurance)),
        Map.of(
            "firmware.name",
            "camera-os",
            "firmware.version",
            version,
            "secureBoot",
            true,
            "uptime.days",
            3),
        LATER);
  }

  private static final Posture GOOD = posture("1.3.0", "warning", "signed-software");

  private static Verdict ask(
      String policy, @Nullable Posture posture, @Nullable RequestedFlow flow) {
    return PolicySet.compile(List.of(policy)).evaluate(new Question(CAMERA, posture, flow, NOW));
  }

  private static String withCondition(String condition) {
    return """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: p}
        spec:
          conditions: ['%s']
          allow: [{peer: 10.20.0.0/16, protocol: udp, ports: [123]}]
        """.formatted(condition.replace("'", "''"));
  }

  @Nested
  class Permits {
    @Test
    void aFlowThatThePolicyAllows() {
      Verdict verdict = ask(CAMERAS, GOOD, VIDEO);
      assertEquals(
          List.of("policy cameras: allow[0] allows tcp vms.plant.example 8554,9000-9010"),
          verdict.reasons());
      assertTrue(verdict.permit());
      assertEquals("cameras", verdict.policy());
      assertEquals(CAMERA_FLOWS, verdict.flows());
      assertEquals(Duration.ofMinutes(5), verdict.ttl());
      assertEquals(LATER, verdict.validUntil());
      assertNull(verdict.essential());
      assertNull(verdict.quarantineVlan());
    }

    @Test
    void andSaysWhichFlowIsEssential() {
      assertEquals(
          new Essential("ops@plant", Duration.ofHours(4)),
          ask(CAMERAS, GOOD, CLOCK).essential());
    }

    @Test
    void everythingAtOnceWhenNoFlowIsAsked() {
      String base = """
          apiVersion: sallyport.io/v1
          kind: AccessPolicy
          metadata: {name: base}
          spec:
            allow: [{peer: 10.20.0.0/16, protocol: udp, ports: [123]}, {peer: "::1", protocol: icmp}]
            grant: {ttl: PT1M}
          """;
      Verdict verdict =
          PolicySet.compile(List.of(CAMERAS, base)).evaluate(new Question(CAMERA, GOOD, null, NOW));
      assertTrue(verdict.permit());
      assertEquals("base", verdict.policy());
      assertEquals(
          List.of(
              "policy base: lets the device through", "policy cameras: lets the device through"),
          verdict.reasons());
      assertEquals(
          List.of(
              new AllowedFlow("10.20.0.0/16", "udp", List.of("123")),
              new AllowedFlow("::1/128", "icmp", List.of()),
              new AllowedFlow("vms.plant.example", "tcp", List.of("8554", "9000-9010"))),
          verdict.flows());
      assertEquals(Duration.ofMinutes(1), verdict.ttl());
      assertEquals(LATER, verdict.validUntil());
    }

    @Test
    void withoutAnEndWhenPostureWasNotLookedAt() {
      assertNull(ask(withCondition("device.site == 'plant-1'"), GOOD, CLOCK).validUntil());
      assertEquals(LATER, ask(withCondition("posture.secureBoot"), GOOD, CLOCK).validUntil());
    }

    @ParameterizedTest
    @CsvSource({
      "VMS.Plant.EXAMPLE,tcp,8554,true",
      "vms.plant.example,tcp,9000,true",
      "vms.plant.example,tcp,9010,true",
      "vms.plant.example,tcp,9011,false",
      "vms.plant.example,udp,8554,false",
      "xvms.plant.example,tcp,8554,false",
      "vms.plant.example.,tcp,8554,false",
      "10.20.0.0,udp,123,true",
      "10.20.255.255,udp,123,true",
      "10.21.0.0,udp,123,false",
      "::ffff:10.20.1.1,udp,123,true",
      "10.20.1,udp,123,false",
      "'',udp,123,false",
      "10.20.0.0/16,udp,123,false"
    })
    void onlyThePeerProtocolAndPortsThatAreNamed(
        String peer, String protocol, int port, boolean permit) {
      assertEquals(
          permit, ask(CAMERAS, GOOD, new RequestedFlow(peer, protocol, port)).permit());
    }

    @Test
    void withAllThatTheNetworkIsTold() {
      String policy = CAMERAS
          + "  network: {vlan: 42, filterId: in, securityGroup: 17, rate: 2000, sessionTimeout: PT1H}\n";
      assertEquals(
          new Verdict.Network(42, "in", 17, 2000, Duration.ofHours(1)),
          ask(policy, GOOD, VIDEO).network());
    }

    @Test
    void onlyInTheDirectionThatIsNamed() {
      String policy = CAMERAS.replace("protocol: tcp,", "protocol: tcp, direction: to-device,");
      RequestedFlow called =
          new RequestedFlow("vms.plant.example", "tcp", 8554, Direction.TO_DEVICE);
      assertTrue(ask(policy, GOOD, called).permit());
      assertFalse(ask(CAMERAS, GOOD, called).permit());
      assertEquals(
          List.of(
              "policy cameras allows tcp from vms.plant.example 8554,9000-9010, you asked tcp to vms.plant.example port 8554"),
          ask(policy, GOOD, VIDEO).reasons());
      assertEquals(
          Direction.TO_DEVICE, ask(policy, GOOD, called).flows().getFirst().direction());
    }

    @ParameterizedTest
    @CsvSource({"acme,c1,true", "acme,c2,false", "other,c1,false"})
    void onlyTheManufacturerAndModelThatAreNamed(
        String manufacturer, String model, boolean permit) {
      String policy = CAMERAS.replace(
          "profile: camera",
          "profile: camera, manufacturer: " + manufacturer + ", model: " + model);
      assertEquals(permit, ask(policy, GOOD, VIDEO).permit());
    }

    @Test
    void noNameThatOnlyLooksTheSameInUnicode() {
      String policy = CAMERAS.replace("vms.plant", "kiosk");
      assertTrue(
          ask(policy, GOOD, new RequestedFlow("KIOSK.example", "tcp", 8554)).permit());
      assertFalse(ask(policy, GOOD, new RequestedFlow("\u212AIOSK.example", "tcp", 8554))
          .permit());
    }
  }

  @Nested
  class Denies {
    private void denied(
        @Nullable Posture posture,
        @Nullable RequestedFlow flow,
        @Nullable Integer vlan,
        String reason) {
      Verdict verdict = ask(CAMERAS, posture, flow);
      assertEquals(List.of(reason), verdict.reasons());
      assertFalse(verdict.permit());
      assertEquals("cameras", verdict.policy());
      assertEquals(List.of(), verdict.flows());
      assertNull(verdict.ttl());
      assertNull(verdict.validUntil());
      assertEquals(vlan, verdict.quarantineVlan());
    }

    @Test
    void byDefault() {
      Verdict verdict =
          PolicySet.compile(List.of()).evaluate(new Question(CAMERA, GOOD, VIDEO, NOW));
      assertFalse(verdict.permit());
      assertNull(verdict.policy());
      assertEquals(
          List.of("no policy selects this device of profile camera; what is not allowed is denied"),
          verdict.reasons());
    }

    @Test
    void aFlowThatIsNotNamed() {
      denied(
          GOOD,
          new RequestedFlow("10.0.0.1", "tcp", 22),
          null,
          "policy cameras: tcp to 10.0.0.1 port 22 is not among what it allows");
    }

    @Test
    void aWrongPortByShowingTheRightOnes() {
      denied(
          GOOD,
          new RequestedFlow("VMS.plant.example", "tcp", 8545),
          null,
          "policy cameras allows tcp vms.plant.example 8554,9000-9010, you asked 8545");
      denied(
          GOOD,
          new RequestedFlow("10.20.9.9", "tcp", 123),
          null,
          "policy cameras allows udp 10.20.0.0/16 123, you asked tcp to 10.20.9.9 port 123");
      denied(
          null,
          new RequestedFlow("vms.plant.example", "tcp", 9011),
          666,
          "policy cameras allows tcp vms.plant.example 8554,9000-9010, you asked 9011; and executables must be warning or better on signed-software or stronger, but the device has no appraisal");
    }

    @Test
    void aDeviceThatNeverAttested() {
      denied(
          null,
          VIDEO,
          666,
          "policy cameras: executables must be warning or better on signed-software or stronger, but the device has no appraisal");
    }

    @Test
    void aDeviceWhoseAppraisalExpired() {
      Question question = new Question(CAMERA, GOOD, VIDEO, LATER);
      assertEquals(
          List.of(
              "policy cameras: executables must be warning or better on signed-software or stronger,"
                  + " but the device's appraisal expired at 2026-11-22T12:15:00Z"),
          PolicySet.compile(List.of(CAMERAS)).evaluate(question).reasons());
    }

    @Test
    void aClaimThatIsTooBad() {
      denied(
          posture("1.3.0", "contraindicated", "hardware"),
          VIDEO,
          666,
          "policy cameras: executables is contraindicated, and must be warning or better on signed-software or stronger");
    }

    @Test
    void aClaimThatMakesNoStatement() {
      denied(
          posture("1.3.0", "none", "hardware"),
          null,
          666,
          "policy cameras: executables was not appraised, and must be warning or better on signed-software or stronger");
    }

    @Test
    void aClaimThatRestsOnTooLittle() {
      denied(
          posture("1.3.0", "affirming", "network-observed"),
          VIDEO,
          666,
          "policy cameras: executables rests on network-observed, and must be warning or better on signed-software or stronger");
    }

    @Test
    void aConditionThatIsFalse() {
      denied(
          posture("1.2.0", "warning", "signed-software"),
          VIDEO,
          666,
          "policy cameras: posture.firmware.version == \"1.3.0\" is false");
    }

    @Test
    void aQuarantinedDeviceButNamesItsQuarantineNetwork() {
      Subject subject = new Described(
          "id-1",
          "acme",
          "c1",
          "s1",
          "camera",
          "ops",
          "plant-1",
          Map.of("zone", "perimeter"),
          "quarantined",
          Set.of("cameras"));
      Verdict verdict =
          PolicySet.compile(List.of(CAMERAS)).evaluate(new Question(subject, GOOD, VIDEO, NOW));
      assertFalse(verdict.permit());
      assertEquals(List.of("policy cameras: the device is quarantined"), verdict.reasons());
      assertEquals(666, verdict.quarantineVlan());
    }

    @Test
    void anotherProfileSiteLabelOrListOfPolicies() {
      PolicySet set = PolicySet.compile(List.of(CAMERAS));
      for (Subject other : List.of(
          subject("sensor", "plant-1", Map.of("zone", "perimeter"), null),
          subject("camera", "plant-2", Map.of("zone", "perimeter"), null),
          subject("camera", "plant-1", Map.of("zone", "hall"), null),
          subject("camera", "plant-1", Map.of(), null),
          subject("camera", "plant-1", Map.of("zone", "perimeter"), Set.of("others")),
          subject("camera", "plant-1", Map.of("zone", "perimeter"), Set.of()))) {
        Verdict verdict = set.evaluate(new Question(other, GOOD, VIDEO, NOW));
        assertFalse(verdict.permit());
        assertNull(verdict.policy());
        assertNull(verdict.quarantineVlan());
      }
      Subject named = subject("camera", "plant-1", Map.of("zone", "perimeter"), Set.of("cameras"));
      assertTrue(set.evaluate(new Question(named, GOOD, VIDEO, NOW)).permit());
    }
  }

  @Nested
  class Conditions {
    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        quoteCharacter = '`',
        value = {
          "device.id == 'id-1' && device.manufacturer == 'acme' && device.model == 'c1'",
          "device.serial_number == 's1' && device.owner == 'ops' && device.state == 'active'",
          "device.labels.zone == 'perimeter' && device.labels['zone'] == 'perimeter'",
          "'zone' in device.labels && !('floor' in device.labels)",
          "device.labels.exists(name, name.startsWith('z'))",
          "posture.status == 'warning' && posture.secureBoot",
          "posture.claims.executables.tier == 'warning'",
          "posture.claims['executables'].assurance in ['signed-software', 'hardware']",
          "!('instance-identity' in posture.claims)",
          "posture.firmware.name == 'camera-os' && posture.firmware.version.matches('^1[.]')",
          "posture.observed['uptime.days'] < 5",
          "!has(posture.firmware.digest)",
          "atLeastVersion(posture.firmware.version, '1.2.10') && !atLeastVersion(posture.firmware.version, '1.10')",
          "time > timestamp('2026-01-01T00:00:00Z') && time.getHours('Europe/Berlin') == 13",
          "device.site == 'plant-1' || posture.claims.hardware.tier == 'affirming'"
        })
    void see(String condition) {
      Verdict verdict = ask(withCondition(condition), GOOD, CLOCK);
      assertTrue(verdict.permit(), verdict.reasons().toString());
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        quoteCharacter = '`',
        value = {
          "posture.firmware.digest == ''|cannot be evaluated: key 'digest' is not present in map.",
          "posture.claims['hardware'].tier == 'affirming'|cannot be evaluated: key 'hardware' is not present in map.",
          "device.labels.floor == '1'|cannot be evaluated: key 'floor' is not present in map.",
          "posture.observed['secureBoot'] > 5|cannot be evaluated: No matching overload for function '_>_'. Overload candidates: greater_int64",
          "posture.observed['firmware.name']|is neither true nor false",
          "1 / int(device.labels.size() - 1) == 1|cannot be evaluated: / by zero",
          "atLeastVersion(device.model, '1.0')|cannot be evaluated: \"c1\" is not a version; a version is for instance 1.3.0 or 2.0.0-rc.1",
          "!atLeastVersion(device.model, '1.0')|cannot be evaluated: \"c1\" is not a version; a version is for instance 1.3.0 or 2.0.0-rc.1",
          "device.id == 'x'|is false"
        })
    void denyWithAReasonWhatIsNotTrue(String condition, String reason) {
      Verdict verdict = ask(withCondition(condition), GOOD, CLOCK);
      assertFalse(verdict.permit());
      assertEquals(List.of("policy p: " + condition + " " + reason), verdict.reasons());
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        quoteCharacter = '`',
        value = {
          "posture.firmware.version == '1.3.0'", "has(posture.firmware)", "!has(posture.firmware)",
          "posture.status != 'contraindicated'", "posture == posture",
              "!('hardware' in posture.claims)",
          "device.id == 'id-1' && posture.secureBoot", "posture.claims.all(name, true)"
        })
    void onMissingPostureAreNeverTrue(String condition) {
      Verdict verdict = ask(withCondition(condition), null, CLOCK);
      assertFalse(verdict.permit());
      assertEquals(
          List.of("policy p: " + condition + " needs posture, but the device has no appraisal"),
          verdict.reasons());
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        quoteCharacter = '`',
        value = {
          "inNetwork(location.address, '10.9.0.0/16')|PERMIT",
          "inNetwork(location.address, '10.8.0.0/16')|DENY",
          "inNetwork(location.address, '2001:db8::/32')|DENY",
          "inNetwork(device.site, '10.8.0.0/16')|INDETERMINATE",
          "location.point == 'gate'|INDETERMINATE",
          "has(location.point)|DENY"
        })
    void seeWhereTheDeviceIsMet(String condition, Verdict.Effect effect) {
      PolicySet set = PolicySet.compile(List.of(withCondition(condition)));
      Question.Place place = place("10.9.8.7");
      assertEquals(
          effect,
          set.evaluate(new Question(CAMERA, GOOD, CLOCK, NOW, place, List.of())).effect());
      assertEquals(
          Verdict.Effect.INDETERMINATE,
          set.evaluate(new Question(CAMERA, GOOD, CLOCK, NOW)).effect());
    }

    /** NullAway does not see, across a class file, that a record takes null. */
    @SuppressWarnings("NullAway")
    private static Question.Place place(String address) {
      return new Question.Place(null, address);
    }

    @Test
    void costABoundedNumberOfSteps() {
      String list = "[0,1,2,3,4,5,6,7,8,9]";
      String loops =
          list + ".all(a, " + list + ".all(b, " + list + ".all(c, " + list + ".all(d, true))))";
      Verdict verdict = ask(withCondition(loops), GOOD, CLOCK);
      assertFalse(verdict.permit());
      assertTrue(verdict
          .reasons()
          .getFirst()
          .endsWith("cannot be evaluated: Iteration budget exceeded: 1000"));
    }

    @Test
    void areWarnedOfATimeThatCelDoesNotKnow() {
      PolicySet set = PolicySet.compile(List.of(withCondition("time.getFullYear() > 0")));
      for (Instant time : List.of(Instant.MAX, Instant.MIN)) {
        set.evaluate(new Question(CAMERA, null, CLOCK, time));
      }
    }
  }

  @Nested
  class TheSet {
    @Test
    void hasOneHashForOneSetOfDocuments() {
      String other = CAMERAS.replace("name: cameras", "name: others");
      assertEquals(
          PolicySet.compile(List.of(CAMERAS, other)).hash(),
          PolicySet.compile(List.of(other, CAMERAS, other)).hash());
      assertFalse(PolicySet.compile(List.of(CAMERAS))
          .hash()
          .equals(PolicySet.compile(List.of(other)).hash()));
      assertEquals(64, PolicySet.compile(List.of()).hash().length());
    }

    @Test
    void refusesTwoDocumentsOfOneName() {
      assertThrows(
          IllegalArgumentException.class,
          () -> PolicySet.compile(List.of(CAMERAS, CAMERAS + "# other\n")));
    }

    @Test
    void boundsItsReasons() {
      List<String> many = java.util.stream.IntStream.range(0, 30)
          .mapToObj(i -> withCondition("device.id == 'x'").replace("name: p", "name: p" + i))
          .toList();
      List<String> reasons = PolicySet.compile(many)
          .evaluate(new Question(CAMERA, null, CLOCK, NOW))
          .reasons();
      assertEquals(21, reasons.size());
      assertEquals("and 10 more policies", reasons.getLast());
    }
  }

  @Test
  void aReasonHasNoHalfCharacters() {
    String peer = "a".repeat(99) + "\ud83d\ude00";
    String reason =
        ask(CAMERAS, GOOD, new RequestedFlow(peer, "tcp", 1)).reasons().getFirst();
    assertTrue(java.nio.charset.StandardCharsets.UTF_8.newEncoder().canEncode(reason), reason);
  }
}
