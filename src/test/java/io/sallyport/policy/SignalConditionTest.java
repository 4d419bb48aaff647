package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.Refusal;
import io.sallyport.policy.Explanation.Change;
import io.sallyport.policy.Explanation.Fact;
import io.sallyport.policy.Question.Place;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Question.Signalled;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a condition may say of signals, and until when an answer that looked at them stands. */
class SignalConditionTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
  private static final RequestedFlow FLOW = new RequestedFlow("vms.example", "tcp", 443);
  private static final Signalled SCAN =
      new Signalled("scan", "executables", "low", NOW.plusSeconds(90));
  private static final Signalled MALWARE =
      new Signalled("malware", "executables", "high", NOW.plusSeconds(30));
  private static final Signalled OVER = new Signalled("old", "executables", "high", NOW);

  private static String policy(String condition) {
    return """
        apiVersion: sallyport.io/v1
        kind: AccessPolicy
        metadata: {name: p}
        spec:
          conditions: ['%s']
          allow: [{peer: vms.example, protocol: tcp, ports: [443]}]
        """.formatted(condition);
  }

  private static Question question(Signalled... signals) {
    return new Question(
        TestSubjects.of("camera", "plant-1", Map.of()),
        null,
        FLOW,
        NOW,
        Place.UNKNOWN,
        List.of(signals));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "never",
      quoteCharacter = '`',
      value = {
        "size(signals) == 0|DENY|never",
        "size(signals) == 2|PERMIT|2026-11-22T12:00:30Z",
        "signals.exists(s, s.kind == \"scan\")|PERMIT|2026-11-22T12:00:30Z",
        "!signals.exists(s, s.kind == \"malware\" && s.severity == \"high\")|DENY|never",
        "!signals.exists(s, s.kind == \"old\")|PERMIT|2026-11-22T12:00:30Z",
        "signals.all(s, s.claim == \"executables\")|PERMIT|2026-11-22T12:00:30Z",
        "signals.all(s, s.until < timestamp(\"2026-11-22T12:02:00Z\"))|PERMIT|2026-11-22T12:00:30Z",
        "signals[2].kind == \"old\"|INDETERMINATE|never",
        "device.site == \"plant-1\"|PERMIT|never"
      })
  void areNamedByACondition(String condition, Verdict.Effect effect, @Nullable Instant until) {
    Verdict verdict =
        PolicySet.compile(List.of(policy(condition))).evaluate(question(SCAN, MALWARE, OVER));
    assertEquals(effect, verdict.effect());
    assertEquals(until, verdict.validUntil());
  }

  @Test
  void nothingReportedIsAnEmptyListAndStandsForEver() {
    Verdict verdict = PolicySet.compile(List.of(policy("size(signals) == 0"))).evaluate(question());
    assertTrue(verdict.permit());
    assertEquals(null, verdict.validUntil());
  }

  @Test
  void anExplanationNamesThemAndWhatTheirEndWouldDo() {
    Explanation explanation = PolicySet.compile(
            List.of(policy("!signals.exists(s, s.kind == \"malware\")")))
        .explain(question(SCAN, MALWARE));
    assertEquals(
        List.of(
            "the end of the signals of kind \"malware\" would permit",
            "the end of all signals would permit"),
        explanation.changes().stream().map(Change::words).toList());
    assertEquals(
        List.of("signal"),
        explanation.facts().stream()
            .filter(fact -> fact.name().equals("signals"))
            .map(Fact::source)
            .toList());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "signals.exists(s, s.sort == \"a\")|undefined field 'sort'",
        "signals.kind == \"scan\"|type 'list(sallyport.Signal)' does not support field selection",
        "signals.exists(s, s.severity > 3)|found no matching overload for '_>_' applied to '(string, int)'"
      })
  void areTyped(String condition, String reason) {
    Refusal refusal =
        assertThrows(Refusal.class, () -> PolicySet.compile(List.of(policy(condition))));
    assertTrue(refusal.detail().contains("spec.conditions[0]: " + reason), refusal.detail());
  }
}
