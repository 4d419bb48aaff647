package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.decision.ReplayedQuestions;
import io.sallyport.decision.Replays.Group;
import io.sallyport.decision.Replays.Report;
import io.sallyport.policy.OracleEvaluator.Doc;
import io.sallyport.policy.Question.Described;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Question.Subject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Recorded decisions, decided again: some 30,000 of each. */
class ReplayPropertyTest extends PolicyWorlds {
  private static final int QUESTIONS = 20;

  @Property(tries = 1500)
  void theVerySetThatDecidedTurnsNothing(
      @ForAll("docs") List<Doc> docs, @ForAll("manyQuestions") List<Question> questions) {
    Report report = ReplayedQuestions.replay(compile(docs), compile(docs), identified(questions));
    assertEquals(questions.size(), report.replayed());
    assertEquals(0, report.denied() + report.permitted(), report::toString);
    assertTrue(
        report.devices().isEmpty() && report.rules().isEmpty() && report.flows().isEmpty());
  }

  @Property(tries = 1500)
  void anotherSetTurnsWhatItDecidesOtherwise(
      @ForAll("docs") List<Doc> docs,
      @ForAll("docs") List<Doc> others,
      @ForAll("manyQuestions") List<Question> questions) {
    PolicySet before = compile(docs);
    PolicySet after = compile(others);
    List<Question> asked = identified(questions);
    Report report = ReplayedQuestions.replay(before, after, asked);
    long denied = asked.stream()
        .filter(question -> stands(before, question) && !stands(after, question))
        .count();
    long permitted = asked.stream()
        .filter(question -> !stands(before, question) && stands(after, question))
        .count();
    assertEquals(denied, report.denied());
    assertEquals(permitted, report.permitted());
    assertEquals(0, report.already());
    assertEquals(denied, report.rules().stream().mapToLong(Group::denied).sum());
    assertEquals(
        permitted, report.devices().stream().mapToLong(Group::permitted).sum());
    for (Group<RequestedFlow> flow : report.flows()) {
      assertTrue(asked.stream().anyMatch(question -> flow.key().equals(question.flow())));
    }
  }

  @Provide
  Arbitrary<List<Question>> manyQuestions() {
    return questions().list().ofSize(QUESTIONS);
  }

  private static boolean stands(PolicySet set, Question question) {
    Verdict verdict = set.evaluate(question);
    return verdict.permit()
        && (verdict.validUntil() == null || question.time().isBefore(verdict.validUntil()));
  }

  /** As devices are: with UUIDs. A subject's policies may be null, which the compiled record does not tell. */
  @SuppressWarnings("NullAway")
  private static List<Question> identified(List<Question> questions) {
    return questions.stream()
        .map(question -> {
          Subject subject = question.subject();
          return new Question(
              new Described(
                  UUID.nameUUIDFromBytes(subject.id().getBytes(StandardCharsets.UTF_8))
                      .toString(),
                  subject.manufacturer(),
                  subject.model(),
                  subject.serialNumber(),
                  subject.profile(),
                  subject.owner(),
                  subject.site(),
                  subject.labels(),
                  subject.state(),
                  subject.policies()),
              question.posture(),
              question.flow(),
              question.time(),
              question.place(),
              question.signals());
        })
        .toList();
  }
}
