package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.policy.OracleEvaluator.Doc;
import io.sallyport.policy.OracleEvaluator.Outcome;
import io.sallyport.policy.Question.RequestedFlow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Documents that observe beside those that are enforced, against {@link OracleEvaluator} and against themselves, enforced. */
class ObservePropertyTest extends PolicyWorlds {
  @Property(tries = 2000)
  void saysWhatTheOracleSays(
      @ForAll("observingDocs") List<Doc> docs, @ForAll("anyQuestions") List<Question> questions) {
    PolicySet set = compile(docs);
    for (Question question : questions) {
      Outcome expected = OracleEvaluator.evaluate(docs, question, PROBES);
      assertEquals(
          expected,
          PolicySetPropertyTest.outcome(set.evaluate(question), expected.flows() == null),
          question::toString);
    }
  }

  @Property(tries = 1000)
  void aPermitIsMarkedExactlyWhenItWouldBeDeniedOtherwise(
      @ForAll("observingDocs") List<Doc> docs, @ForAll("anyQuestions") List<Question> questions) {
    PolicySet set = compile(docs);
    PolicySet enforced = compile(docs.stream().map(doc -> doc.observing(false)).toList());
    for (Question question : questions) {
      Verdict verdict = set.evaluate(question);
      boolean would = enforced.evaluate(question).permit();
      assertTrue(verdict.permit() || !would, question::toString);
      if (question.flow() != null && verdict.permit()) {
        assertEquals(!would, !verdict.observed().isEmpty(), question::toString);
      }
      assertTrue(verdict.permit() || verdict.observed().isEmpty());
    }
  }

  @Property(tries = 1000)
  void whatIsLetBeIsTheAskedFlowForAMinuteAndNeverInQuarantine(
      @ForAll("observingDocs") List<Doc> docs, @ForAll("anyQuestions") List<Question> questions) {
    PolicySet set = compile(docs);
    PolicySet enforcing = compile(docs.stream()
        .filter(doc -> !doc.observe() || !(doc.forbid() || doc.isSegment()))
        .map(doc -> doc.observing(false))
        .toList());
    for (Question question : questions) {
      RequestedFlow flow = question.flow();
      Verdict verdict = set.evaluate(question);
      boolean quarantined = question.subject().state().equals("quarantined");
      assertFalse(quarantined && verdict.permit());
      if (flow != null && verdict.permit() && !enforcing.evaluate(question).permit()) {
        assertEquals(1, verdict.flows().size());
        assertTrue(OracleEvaluator.contains(verdict.flows(), flow));
        for (RequestedFlow probe : PROBES) {
          boolean same = probe.protocol().equals(flow.protocol())
              // All of icmp has each of its types.
              && (probe.port() == flow.port() || flow.protocol().equals("icmp") && flow.port() == 0)
              && probe.peer().equalsIgnoreCase(flow.peer());
          assertEquals(same, OracleEvaluator.contains(verdict.flows(), probe));
        }
        Duration minute = Duration.ofMinutes(1);
        assertTrue(Objects.requireNonNull(verdict.ttl()).compareTo(minute) <= 0);
        assertFalse(
            Objects.requireNonNull(verdict.validUntil()).isAfter(question.time().plus(minute)));
      }
    }
  }

  @Property(tries = 500)
  void whatIsForbiddenStaysForbidden(
      @ForAll("observingDocs") List<Doc> docs,
      @ForAll("forbids") Doc forbid,
      @ForAll("anyQuestions") List<Question> questions) {
    List<Doc> all = new ArrayList<>(docs);
    all.add(new Doc(
        forbid.name(),
        true,
        null,
        null,
        Map.of(),
        Map.of(),
        List.of(),
        forbid.rules(),
        Duration.ZERO,
        null));
    PolicySet set = compile(all);
    for (Question question : questions) {
      RequestedFlow flow = question.flow();
      if (flow != null
          && forbid.rules().stream().anyMatch(rule -> OracleEvaluator.matches(rule, flow))) {
        assertFalse(set.evaluate(question).permit());
      }
    }
  }

  /** Documents of which some observe, and perhaps a segment. */
  @Provide
  Arbitrary<List<Doc>> observingDocs() {
    Arbitrary<List<Boolean>> modes = Arbitraries.of(true, false).list().ofSize(5);
    Arbitrary<Doc> segment = Combinators.combine(
            Arbitraries.of("p1", "p2").injectNull(0.5),
            Arbitraries.maps(Arbitraries.just("zone"), Arbitraries.of("a", "b")).ofMaxSize(1),
            Arbitraries.of(true, true, false))
        .as((profile, labels, observes) -> new Doc(
            "segment",
            false,
            profile,
            null,
            labels,
            Map.of(),
            List.of(),
            List.of(),
            Duration.ofMinutes(1),
            null,
            observes));
    return Combinators.combine(docs(), modes, segment.injectNull(0.4))
        .as((docs, observing, zone) -> {
          List<Doc> all = new ArrayList<>();
          for (int i = 0; i < docs.size(); i++) {
            all.add(docs.get(i).observing(observing.get(i)));
          }
          if (zone != null && (zone.profile() != null || !zone.labels().isEmpty())) {
            all.add(zone);
          }
          return all;
        });
  }

  @Provide
  Arbitrary<List<Question>> anyQuestions() {
    return Combinators.combine(questions(), Arbitraries.of("active", "active", "quarantined"))
        .as((question, state) ->
            Objects.requireNonNull(Altered.with(question, List.of("device", "state"), state)))
        .list()
        .ofSize(20);
  }
}
