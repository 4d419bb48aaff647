package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.Refusal;
import io.sallyport.policy.OracleEvaluator.Doc;
import io.sallyport.policy.OracleEvaluator.Outcome;
import io.sallyport.policy.Question.Described;
import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.PostureClaim;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Question.Subject;
import io.sallyport.policy.Verdict.Effect;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** The evaluator against {@link OracleEvaluator}: some 115,000 cases, a set of policies having twenty questions. */
class PolicySetPropertyTest extends PolicyWorlds {
  private static final int QUESTIONS = 20;

  @Property(tries = 4000)
  void saysWhatTheOracleSays(
      @ForAll("docs") List<Doc> docs, @ForAll("manyQuestions") List<Question> questions) {
    PolicySet set = compile(docs);
    for (Question question : questions) {
      Outcome expected = OracleEvaluator.evaluate(docs, question, PROBES);
      assertEquals(expected, outcome(set.evaluate(question), expected.flows() == null));
    }
  }

  @Property(tries = 100)
  void flowsAreWhatIsAllowedWithoutWhatIsForbidden(
      @ForAll("docs") List<Doc> docs, @ForAll("manyQuestions") List<Question> questions) {
    PolicySet set = compile(docs);
    for (Question question : questions) {
      Verdict verdict = set.evaluate(question);
      for (RequestedFlow probe : verdict.permit() ? PROBES : List.<RequestedFlow>of()) {
        Set<String> by = question.flow() == null
            ? docs.stream().map(Doc::name).collect(Collectors.toSet())
            : Set.of(String.valueOf(verdict.policy()));
        assertEquals(
            OracleEvaluator.leaves(docs, by, question, probe),
            OracleEvaluator.contains(verdict.flows(), probe),
            () -> probe + " of " + verdict.flows());
      }
    }
  }

  @Property(tries = 250)
  void orderAndDuplicatesDoNotMatter(
      @ForAll("docs") List<Doc> docs, @ForAll("manyQuestions") List<Question> questions) {
    PolicySet set = compile(docs);
    List<Doc> twiceBackwards = new ArrayList<>(docs.reversed());
    twiceBackwards.addAll(docs);
    PolicySet same = compile(twiceBackwards);
    assertEquals(set.hash(), same.hash());
    for (Question question : questions) {
      assertEquals(set.evaluate(question), same.evaluate(question));
    }
  }

  @Property(tries = 500)
  void addingAPermitNeverTakesAPermitAway(
      @ForAll("docs") List<Doc> docs,
      @ForAll("permits") Doc permit,
      @ForAll("manyQuestions") List<Question> questions) {
    PolicySet fewer = compile(docs);
    PolicySet more = compile(and(docs, permit));
    for (Question question : questions) {
      neverAdds(more.evaluate(question), fewer.evaluate(question), question);
    }
  }

  @Property(tries = 500)
  void addingAForbidNeverAddsAPermit(
      @ForAll("docs") List<Doc> docs,
      @ForAll("forbids") Doc forbid,
      @ForAll("manyQuestions") List<Question> questions) {
    PolicySet fewer = compile(docs);
    PolicySet more = compile(and(docs, forbid));
    for (Question question : questions) {
      neverAdds(fewer.evaluate(question), more.evaluate(question), question);
    }
  }

  /** {@code less} permits nothing that {@code more} does not permit. */
  private static void neverAdds(Verdict more, Verdict less, Question question) {
    assertTrue(more.permit() || !less.permit());
    if (question.flow() == null && less.permit()) {
      for (RequestedFlow probe : PROBES) {
        assertTrue(OracleEvaluator.contains(more.flows(), probe)
            || !OracleEvaluator.contains(less.flows(), probe));
      }
    }
  }

  @Property(tries = 500)
  void forbidTrumps(
      @ForAll("docs") List<Doc> docs,
      @ForAll("forbids") Doc forbid,
      @ForAll("manyQuestions") List<Question> questions) {
    Doc always = new Doc(
        forbid.name(),
        true,
        null,
        null,
        Map.of(),
        Map.of(),
        List.of(),
        forbid.rules(),
        Duration.ZERO,
        null);
    PolicySet without = compile(docs);
    PolicySet with = compile(and(docs, always));
    for (Question question : questions) {
      RequestedFlow flow = question.flow();
      if (flow != null) {
        boolean forbidden =
            always.rules().stream().anyMatch(rule -> OracleEvaluator.takes(rule, flow));
        Verdict verdict = with.evaluate(question);
        assertEquals(!forbidden && without.evaluate(question).permit(), verdict.permit());
        assertTrue(!forbidden || verdict.effect() == Effect.DENY);
      }
    }
  }

  @Property(tries = 200)
  void aSegmentIsWhatIsInIt(
      @ForAll("docs") List<Doc> docs, @ForAll("manyQuestions") List<Question> questions) {
    PolicySet written = compile(docs);
    PolicySet named = PolicySet.compile(inSegments(docs, "{segment: %s}"));
    PolicySet described = PolicySet.compile(inSegments(docs, "{mud: \"controller:%s\"}"));
    for (Question question : questions) {
      Outcome expected = outcome(written.evaluate(question), false);
      assertEquals(expected, outcome(named.evaluate(question), false));
      assertEquals(expected, outcome(described.evaluate(question), false));
    }
  }

  /** The same documents with a segment for each peer, that rules name as {@code peer} says. */
  private static List<String> inSegments(List<Doc> docs, String peer) {
    Map<String, String> segments = new TreeMap<>();
    docs.forEach(doc -> doc.rules()
        .forEach(flow -> segments.putIfAbsent(flow.peer(), "segment-" + segments.size())));
    List<String> documents = new ArrayList<>();
    segments.forEach(
        (at, name) -> documents.add("apiVersion: sallyport.io/v1\nkind: Segment\nmetadata: {name: "
            + name + "}\nspec: {mud: [\"controller:" + name + "\"], peers: [\"" + at + "\"]}\n"));
    for (Doc doc : docs) {
      String yaml = yaml(doc);
      for (Map.Entry<String, String> segment : segments.entrySet()) {
        yaml = yaml.replace(
            "peer: \"" + segment.getKey() + "\"", "peer: " + peer.formatted(segment.getValue()));
      }
      documents.add(yaml);
    }
    return documents;
  }

  @Property(tries = 300)
  void everyVerdictHasAReasonAndADenialGivesNothing(
      @ForAll("docs") List<Doc> docs, @ForAll("questions") Question question) {
    Verdict verdict = compile(docs).evaluate(question);
    assertFalse(verdict.reasons().isEmpty());
    assertEquals(verdict.permit(), !verdict.flows().isEmpty());
    assertEquals(verdict.permit(), verdict.ttl() != null);
  }

  @Property(tries = 500)
  void noQuestionMakesItFail(
      @ForAll("docs") List<Doc> docs,
      @ForAll String text,
      @ForAll int port,
      @ForAll Instant time,
      @ForAll Instant end,
      @ForAll("wildObservations") Map<String, Object> observed) {
    Subject subject = new Described(
        text, text, text, text, "p1", text, text, Map.of("zone", text), text, Set.of("a", "b"));
    Posture posture =
        new Posture(text, Map.of("executables", new PostureClaim(text, text)), observed, end);
    PolicySet set = compile(docs);
    set.evaluate(new Question(subject, posture, new RequestedFlow(text, text, port), time));
    set.evaluate(new Question(subject, posture, null, time));
  }

  @Property(tries = 500)
  void noTextMakesTheReaderFailOtherThanByRefusing(
      @ForAll("docs") List<Doc> docs, @ForAll int place, @ForAll char with) {
    StringBuilder text = new StringBuilder(yaml(docs.getFirst()));
    text.setCharAt(Math.floorMod(place, text.length()), with);
    try {
      PolicyReader.read(text.toString());
    } catch (Refusal refusal) {
      assertEquals(PolicyProblem.INVALID_POLICY, refusal.problem());
      assertTrue(refusal.detail().matches("line [0-9]+, column [0-9]+: .+"), refusal.detail());
    }
  }

  @Provide
  Arbitrary<List<Question>> manyQuestions() {
    return questions().list().ofSize(QUESTIONS);
  }

  private static List<Doc> and(List<Doc> docs, Doc another) {
    return Stream.concat(docs.stream(), Stream.of(another)).toList();
  }

  static Outcome outcome(Verdict verdict, boolean withoutFlows) {
    return new Outcome(
        verdict.effect(),
        verdict.policy(),
        verdict.rule(),
        withoutFlows ? null : verdict.flows(),
        verdict.ttl(),
        verdict.validUntil(),
        verdict.essential(),
        verdict.quarantineVlan(),
        verdict.network(),
        verdict.observed().stream().map(Verdict.Observed::document).collect(Collectors.toSet()));
  }
}
