package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.policy.Explanation.Kind;
import io.sallyport.policy.OracleEvaluator.Doc;
import io.sallyport.policy.Question.RequestedFlow;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class ExplainPropertyTest extends PolicyWorlds {
  @Property(tries = 1000)
  void aDenialIsExplainedAndAPermitHasNothingUnmet(
      @ForAll("docs") List<Doc> docs, @ForAll("questions") Question question) {
    PolicySet set = compile(docs);
    Explanation explanation = set.explain(question);
    assertEquals(set.evaluate(question), explanation.verdict());
    if (explanation.verdict().permit()) {
      assertTrue(explanation.unmet().isEmpty() && explanation.changes().isEmpty());
    }
  }

  /** A device that is let through somewhere is told of a flow that it may open. */
  @Property(tries = 1000)
  void whatIsDeniedForTheFlowAloneIsToldOfOneThatIsPermitted(
      @ForAll("docs") List<Doc> docs, @ForAll("questions") Question question) {
    List<Doc> permits = docs.stream().filter(doc -> !doc.forbid()).limit(2).toList();
    RequestedFlow flow = question.flow();
    if (flow != null && !permits.isEmpty()) {
      PolicySet set = compile(permits);
      Question anything = new Question(
          question.subject(),
          question.posture(),
          null,
          question.time(),
          question.place(),
          question.signals());
      Explanation explanation = set.explain(question);
      if (!explanation.verdict().permit() && set.evaluate(anything).permit()) {
        assertTrue(explanation.changes().stream().anyMatch(change -> change.kind() == Kind.FLOW));
      }
    }
  }
}
