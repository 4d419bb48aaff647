package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.policy.Question.RequestedFlow;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When a policy applies, and for whom not as it is written. */
class TermsTest {
  /** A Sunday. */
  private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

  private static final RequestedFlow FLOW = new RequestedFlow("plc.example", "tcp", 102);

  private static String permit(String terms) {
    return """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: p}
        spec:
          posture: {executables: {tier: affirming, assurance: hardware}}
          conditions: ['device.model == "c2"']
          allow: [{peer: plc.example, protocol: tcp, ports: [102]}]
          %s
        """.formatted(terms);
  }

  private static String open(String terms) {
    return permit(terms)
        .replace("  posture: {executables: {tier: affirming, assurance: hardware}}\n", "")
        .replace("  conditions: ['device.model == \"c2\"']\n", "");
  }

  private static Verdict ask(Instant time, String... documents) {
    return PolicySet.compile(List.of(documents))
        .evaluate(new Question(TestSubjects.of("camera", "plant-1", Map.of()), null, FLOW, time));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "never",
      value = {
        "{from: 2026-11-22T11:00:00Z, until: 2026-11-22T13:00:00Z}|true|2026-11-22T13:00:00Z",
        "{from: 2026-11-22T12:00:00Z, until: 2026-11-22T13:00:00Z}|true|2026-11-22T13:00:00Z",
        "{from: 2026-11-22T11:00:00Z, until: 2026-11-22T12:00:00Z}|false|never",
        "{days: [sun], from: \"08:00\", to: \"17:00\"}|true|2026-11-22T17:00:00Z",
        "{days: [sun], from: \"08:00\", to: \"13:00\", zone: Europe/Berlin}|false|never",
        "{days: [mon], from: \"08:00\", to: \"17:00\"}|false|never",
        "{days: [sat], from: \"22:00\", to: \"12:01\"}|true|2026-11-22T12:01:00Z",
        "{days: [sat], from: \"22:00\", to: \"12:00\"}|false|never",
        "{from: \"00:00\", to: \"00:00\"}|true|2026-11-23T00:00:00Z"
      })
  void aWindowOpensAndEndsWhatIsPermitted(
      String window, boolean permit, @Nullable Instant validUntil) {
    Verdict verdict = ask(NOON, open("during: [" + window + "]"));
    assertEquals(permit, verdict.permit());
    assertEquals(validUntil, verdict.validUntil());
  }

  @Test
  void outsideItsWindowsItSaysWhenItApplies() {
    assertEquals(
        List.of(
            "policy p: it applies mon,tue 22:00-04:00 Europe/Berlin or from 2026-11-23T00:00:00Z until 2026-11-24T00:00:00Z"),
        ask(
                NOON,
                open(
                    "during: [{days: [tue, mon], from: \"22:00\", to: \"04:00\", zone: Europe/Berlin},"
                        + " {from: 2026-11-23T00:00:00Z, until: 2026-11-24T00:00:00Z}]"))
            .reasons());
  }

  @Test
  void aForbidWithAWindowEndsAPermitWhenItBegins() {
    String freeze = """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: freeze}
        spec:
          effect: forbid
          deny: [{peer: plc.example, protocol: tcp, ports: [102]}]
          during: [{days: [sun], from: "18:00", to: "20:00"}]
        """;
    Verdict verdict = ask(NOON, open(""), freeze);
    assertTrue(verdict.permit());
    assertEquals(Instant.parse("2026-11-22T18:00:00Z"), verdict.validUntil());
    assertFalse(ask(NOON.plus(Duration.ofHours(6)), open(""), freeze).permit());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "devices: [id-1], waives: [posture, conditions]|true",
        "selector: {site: plant-1}, waives: [posture, conditions]|true",
        "selector: {site: plant-2}, waives: [posture, conditions]|false",
        "devices: [id-2], waives: [posture, conditions]|false",
        "devices: [id-1], selector: {site: plant-2}, waives: [posture, conditions]|false",
        "devices: [id-1], waives: [posture]|false",
        "devices: [id-1], waives: [conditions]|false"
      })
  void anExceptionWaivesWhatItNamesForWhomItNames(String body, boolean permit) {
    String exception =
        "exceptions: [{owner: ops, reason: spare part, until: 2026-11-22T13:00:00Z, " + body + "}]";
    Verdict verdict = ask(NOON, permit(exception));
    assertEquals(permit, verdict.permit());
    if (permit) {
      assertEquals(NOON.plus(Duration.ofHours(1)), verdict.validUntil());
      assertEquals(
          "policy p: exception of ops until 2026-11-22T13:00:00Z: spare part",
          verdict.reasons().getLast());
    }
    assertFalse(ask(NOON.plus(Duration.ofHours(1)), permit(exception)).permit());
  }

  @Test
  void anExceptionFromAForbidIsNoPermit() {
    String forbid = """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: never}
        spec:
          effect: forbid
          deny: [{peer: plc.example, protocol: tcp, ports: [102]}]
          exceptions: [{owner: ops, reason: update, until: 2026-11-22T13:00:00Z, devices: [id-1]}]
        """;
    assertFalse(ask(NOON, forbid).permit());
    Verdict verdict = ask(NOON, open(""), forbid);
    assertTrue(verdict.permit());
    assertEquals(NOON.plus(Duration.ofHours(1)), verdict.validUntil());
    assertFalse(ask(NOON.plus(Duration.ofHours(1)), open(""), forbid).permit());
  }

  @Test
  void breakGlassLastsADayAtMostAndSaysWhoAnswers() {
    String access =
        open("breakGlass: {owner: ops, reason: line 3 stands, until: 2026-11-22T20:00:00Z}");
    Verdict verdict = ask(NOON, access);
    assertTrue(verdict.permit());
    assertEquals(
        "policy p: break-glass of ops until 2026-11-22T20:00:00Z: line 3 stands",
        verdict.reasons().getLast());
    assertEquals(Instant.parse("2026-11-22T20:00:00Z"), verdict.validUntil());
    assertEquals(
        List.of("policy p: break-glass access ended at 2026-11-22T20:00:00Z"),
        ask(Instant.parse("2026-11-22T20:00:00Z"), access).reasons());
    assertEquals(
        List.of(
            "policy p: break-glass access is for 24 hours at most, so it begins at 2026-11-21T20:00:00Z"),
        ask(Instant.parse("2026-11-21T19:59:59Z"), access).reasons());
  }

  @ParameterizedTest
  @ValueSource(strings = {"+1000000000-12-31T23:59:59.999999999Z", "-1000000000-01-01T00:00:00Z"})
  void aTimeWithoutACalendarIsNoPermit(Instant time) {
    assertFalse(ask(time, open("during: [{from: \"08:00\", to: \"17:00\"}]")).permit());
    assertNull(ask(time, open("during: [{from: \"08:00\", to: \"17:00\"}]")).ttl());
  }

  /** Under a driven clock: what is said stands until its end, and then something else may be said. */
  @Property(tries = 500)
  void nothingChangesBeforeItsEnd(
      @ForAll @IntRange(min = 0, max = 20_000) int minute,
      @ForAll @IntRange(min = 1, max = 1_440) int later,
      @ForAll @IntRange(min = 0, max = 3) int which) {
    String terms = List.of(
            "during: [{days: [fri, sat], from: \"22:30\", to: \"04:15\", zone: Europe/Berlin}]",
            "during: [{from: \"08:00\", to: \"17:00\", zone: America/New_York}, {from: 2026-03-08T00:00:00Z, until: 2026-03-09T00:00:00Z}]",
            "breakGlass: {owner: ops, reason: r, until: 2026-03-12T20:00:00Z}",
            "exceptions: [{owner: ops, reason: r, until: 2026-03-10T13:00:00Z, devices: [id-1], waives: [posture, conditions]}]")
        .get(which);
    Instant now = Instant.parse("2026-03-01T00:00:00Z").plus(Duration.ofMinutes(minute));
    String policy = which == 3 ? permit(terms) : open(terms);
    Verdict verdict = ask(now, policy);
    Instant then = now.plus(Duration.ofMinutes(later));
    if (verdict.permit()) {
      Instant end = verdict.validUntil();
      assertTrue(end != null && end.isAfter(now));
      assertTrue(which == 1 || !ask(end, policy).permit());
      assertTrue(!then.isBefore(end) || ask(then, policy).permit());
    }
  }
}
