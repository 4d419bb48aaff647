package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.PostureClaim;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Question.Subject;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.sallyport.policy.Verdict.Effect;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What a policy with {@code effect: forbid} takes away. */
class ForbidTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
  private static final Instant LATER = NOW.plusSeconds(900);
  private static final RequestedFlow TELNET = new RequestedFlow("10.1.2.3", "tcp", 23);
  private static final RequestedFlow WEB = new RequestedFlow("10.1.2.3", "tcp", 443);
  private static final Posture POSTURE = new Posture(
      "affirming",
      Map.of("executables", new PostureClaim("affirming", "hardware")),
      Map.of("firmware.version", "1.3.0"),
      LATER);

  private static final String PLANT =
      permit("plant", "[{peer: 10.0.0.0/8, protocol: tcp, ports: [\"1-1000\"]}]");

  private static String permit(String name, String allow) {
    return """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: %s}
        spec:
          allow: %s
        """.formatted(name, allow);
  }

  private static String forbid(String name, String condition, String deny) {
    return """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: %s}
        spec:
          effect: forbid
          %s
          deny: %s
        """.formatted(
            name, condition.isEmpty() ? "" : "conditions: ['" + condition + "']", deny);
  }

  private static final String NO_TELNET =
      forbid("no-telnet", "", "[{name: telnet, peer: 10.0.0.0/8, protocol: tcp, ports: [23]}]");

  private static Verdict ask(
      @Nullable Posture posture, @Nullable RequestedFlow flow, String... documents) {
    Subject subject = TestSubjects.of("camera", "plant-1", Map.of());
    return PolicySet.compile(List.of(documents))
        .evaluate(new Question(subject, posture, flow, NOW));
  }

  private static List<String> portsOf(String peer, Verdict verdict) {
    return verdict.flows().stream()
        .filter(flow -> flow.peer().equals(peer))
        .flatMap(flow -> flow.ports().stream())
        .toList();
  }

  @Test
  void beatsAPermitWhateverTheyAreCalled() {
    for (String name : List.of("aaa", "zzz")) {
      Verdict verdict = ask(null, TELNET, PLANT, NO_TELNET.replace("no-telnet", name));
      assertEquals(Effect.DENY, verdict.effect());
      assertEquals(
          List.of("policy " + name + ": telnet forbids tcp 10.0.0.0/8 23"), verdict.reasons());
      assertEquals(name, verdict.policy());
      assertEquals("telnet", verdict.rule());
      assertEquals(List.of(), verdict.flows());
    }
  }

  @Test
  void permitsNothingByItself() {
    Verdict verdict = ask(null, WEB, NO_TELNET);
    assertEquals(Effect.NOT_EVALUATED, verdict.effect());
    assertNull(verdict.policy());
  }

  @Test
  void beatsAnEssentialFlowToo() {
    String essential = permit(
        "clock",
        "[{peer: 10.0.0.0/8, protocol: tcp, ports: [23], essential: {owner: ops, longest: PT1H}}]");
    assertEquals(Effect.DENY, ask(null, TELNET, essential, NO_TELNET).effect());
  }

  @Nested
  class ThatCannotBeEvaluated {
    private final String old = forbid(
        "old-firmware",
        "!atLeastVersion(posture.firmware.version, \"1.3\")",
        "[{peer: 10.0.0.0/8, protocol: tcp, ports: [443]}]");

    @Test
    void forbidsAndSaysSo() {
      Verdict verdict = ask(null, WEB, PLANT, old);
      assertEquals(Effect.INDETERMINATE, verdict.effect());
      assertEquals("old-firmware", verdict.policy());
      assertEquals("deny[0]", verdict.rule());
      assertEquals(
          List.of(
              "policy old-firmware: deny[0] forbids tcp 10.0.0.0/8 443 until it is known whether it applies:"
                  + " !atLeastVersion(posture.firmware.version, \"1.3\") needs posture, but the device has no appraisal"),
          verdict.reasons());
    }

    @Test
    void takesItsFlowsFromWhatIsPermittedOtherwise() {
      assertEquals(
          List.of("1-442", "444-1000"), portsOf("10.0.0.0/8", ask(null, TELNET, PLANT, old)));
    }

    @Test
    void isADenialWhereNothingPermitsAnyway() {
      assertEquals(
          Effect.DENY,
          ask(null, WEB, permit("a", "[{peer: b.example, protocol: icmp}]"), old)
              .effect());
    }

    @Test
    void doesNotForbidWhenAnotherOfItsConditionsIsFalse() {
      String other = old.replace("conditions: [", "conditions: ['device.site == \"x\"', ");
      assertTrue(ask(null, WEB, PLANT, other).permit());
    }
  }

  @Test
  void thatIsUnknownAndTakesEverythingLeavesTheAnswerOpen() {
    String all = forbid(
        "all",
        "posture.secureBoot == false",
        "[{peer: 0.0.0.0/0, protocol: tcp, ports: [\"1-65535\"]}]");
    assertEquals(Effect.INDETERMINATE, ask(null, null, PLANT, all).effect());
  }

  @Test
  void aboutAnotherPortEndsNothing() {
    String later = forbid(
        "later",
        "time > timestamp(\"2026-11-22T20:00:00Z\")",
        "[{peer: 10.0.0.0/8, protocol: tcp, ports: [2000]}]");
    assertNull(ask(null, WEB, PLANT, later).validUntil());
  }

  @Test
  void aboutIcmpIsAboutNothingThatIsNoTypeOfIt() {
    String ping = permit("ping", "[{peer: 10.0.0.0/8, protocol: icmp}]");
    assertTrue(ask(null, new RequestedFlow("10.1.2.3", "icmp", 0), ping).permit());
    assertEquals(
        Effect.DENY, ask(null, new RequestedFlow("10.1.2.3", "icmp", 443), ping).effect());
  }

  @Test
  void isNotLeftOutByAProfileThatNamesItsPolicies() {
    Subject named = TestSubjects.named(Set.of("plant"));
    PolicySet set = PolicySet.compile(
        List.of(PLANT, NO_TELNET, permit("other", "[{peer: a.example, protocol: icmp}]")));
    assertEquals(
        "no-telnet", set.evaluate(new Question(named, null, TELNET, NOW)).policy());
    assertTrue(set.evaluate(new Question(named, null, WEB, NOW)).permit());
    RequestedFlow other = new RequestedFlow("a.example", "icmp", 0);
    assertEquals(
        Effect.DENY, set.evaluate(new Question(named, null, other, NOW)).effect());
  }

  @Nested
  class ThatDoesNotApplyNow {
    @Test
    void endsThePermitWhenItMightApplyAgain() {
      String old = forbid(
          "old",
          "posture.firmware.version == \"1.2\"",
          "[{peer: 10.1.0.0/16, protocol: tcp, ports: [443]}]");
      Verdict verdict = ask(POSTURE, WEB, PLANT, old);
      assertTrue(verdict.permit());
      assertEquals(LATER, verdict.validUntil());
      assertNull(ask(POSTURE, WEB, PLANT).validUntil());
      String elsewhere = old.replace("10.1.0.0/16", "192.168.0.0/16");
      assertNull(ask(POSTURE, WEB, PLANT, elsewhere).validUntil());
    }

    @Test
    void soDoesATimeOfDay() {
      String tonight = forbid(
          "tonight",
          "time >= timestamp(\"2026-11-22T20:00:00Z\")",
          "[{peer: 10.0.0.0/8, protocol: tcp, ports: [443]}]");
      assertEquals(
          Instant.parse("2026-11-22T20:00:00Z"), ask(null, WEB, PLANT, tonight).validUntil());
      String nights =
          tonight.replace("time >= timestamp(\"2026-11-22T20:00:00Z\")", "time.getHours() > 20");
      assertEquals(NOW.plusSeconds(60), ask(null, WEB, PLANT, nights).validUntil());
    }
  }

  @Nested
  class Subtracts {
    @Test
    void ports() {
      Verdict verdict = ask(null, WEB, PLANT, NO_TELNET);
      assertEquals(
          List.of(new AllowedFlow("10.0.0.0/8", "tcp", List.of("1-22", "24-1000"))),
          verdict.flows());
    }

    @Test
    void prefixes() {
      Verdict verdict = ask(
          null,
          new RequestedFlow("10.128.0.1", "tcp", 443),
          PLANT,
          forbid("lab", "", "[{peer: 10.64.0.0/10, protocol: tcp, ports: [\"400-500\"]}]"));
      assertEquals(
          List.of(
              new AllowedFlow("10.128.0.0/9", "tcp", List.of("1-1000")),
              new AllowedFlow("10.0.0.0/10", "tcp", List.of("1-1000")),
              new AllowedFlow("10.64.0.0/10", "tcp", List.of("1-399", "501-1000"))),
          verdict.flows());
    }

    @Test
    void fromEverythingThatIsPermitted() {
      Verdict verdict = ask(null, null, PLANT, NO_TELNET);
      assertEquals(List.of("1-22", "24-1000"), portsOf("10.0.0.0/8", verdict));
      assertEquals(
          List.of("policy plant: lets the device through, but for what is forbidden"),
          verdict.reasons());
    }

    @Test
    void everythingSoThatNothingIsPermitted() {
      String all = forbid("all", "", "[{peer: 0.0.0.0/0, protocol: tcp, ports: [\"1-65535\"]}]");
      Verdict verdict = ask(null, null, PLANT, all);
      assertEquals(Effect.DENY, verdict.effect());
      assertEquals(List.of("policy plant: all that it allows is forbidden"), verdict.reasons());
    }

    @Test
    void noIpv4AddressFromAnIpv6Network() {
      String six = permit("six", "[{peer: \"::/0\", protocol: tcp, ports: [443]}]");
      Verdict verdict = ask(
          null,
          new RequestedFlow("2001:db8::1", "tcp", 443),
          six,
          forbid("near", "", "[{peer: \"::fffe:0:0/96\", protocol: tcp, ports: [443]}]"));
      assertTrue(verdict.permit());
      assertTrue(verdict.flows().stream().noneMatch(flow -> flow.peer().indexOf(':') < 0));
    }

    @Test
    void onlyToABoundOfPieces() {
      List<String> addresses = new ArrayList<>();
      for (int i = 0; i < 256; i++) {
        addresses.add("{peer: 10." + i + ".7.7, protocol: tcp, ports: [443]}");
      }
      Verdict verdict = ask(null, WEB, PLANT, forbid("dust", "", addresses.toString()));
      assertEquals(Effect.INDETERMINATE, verdict.effect());
      assertEquals(
          List.of("policy plant: what is forbidden cuts what it allows into more than 1024 pieces;"
              + " forbid whole networks, or allow less"),
          verdict.reasons());
    }
  }

  @Test
  void aTextThatCannotBeReadAnyMoreLeavesNoSet() {
    String stored = NO_TELNET.replace("effect: forbid", "effect: refuse");
    IllegalStateException thrown = org.junit.jupiter.api.Assertions.assertThrows(
        IllegalStateException.class,
        () -> StoredPolicies.read(
            List.of(
                new Policies.Policy("plant", "1", PLANT, NOW),
                new Policies.Policy("no-telnet", "2", stored, NOW)),
            Map.of()));
    assertTrue(String.valueOf(thrown.getMessage())
        .startsWith("policy no-telnet cannot be read any more; apply it anew or remove it: line"));
  }
}
