package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.sallyport.policy.OracleEvaluator.Doc;
import io.sallyport.policy.OracleEvaluator.Flow;
import io.sallyport.policy.PolicyVersions.Finding;
import io.sallyport.policy.Question.RequestedFlow;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;

/** Whatever is found to be in vain can go: nobody is permitted more or less. */
class PolicyAnalysisPropertyTest extends PolicyWorlds {
  private static final int QUESTIONS = 20;

  @Property(tries = 1000)
  void withoutWhatIsFoundTheSameIsPermitted(
      @ForAll("docs") List<Doc> docs, @ForAll("manyQuestions") List<Question> questions) {
    List<Set<String>> bounds = questions.stream()
        .flatMap(question -> Optional.ofNullable(question.subject().policies()).stream())
        .distinct()
        .toList();
    Set<String> found = new PolicyAnalysis(
            docs.stream().map(doc -> PolicyReader.read(yaml(doc))).toList(), bounds)
        .analysis().findings().stream()
            .map((Finding finding) -> finding.policy() + " " + finding.rule())
            .collect(Collectors.toSet());
    Statistics.label("found").collect(!found.isEmpty());
    List<Doc> rest = docs.stream().flatMap(doc -> without(doc, found)).toList();
    PolicySet before = compile(docs);
    PolicySet after = compile(rest);
    for (Question question : questions) {
      Verdict one = before.evaluate(question);
      Verdict other = after.evaluate(question);
      assertEquals(one.permit(), other.permit(), () -> found + " of " + docs);
      for (RequestedFlow probe : question.flow() == null ? PROBES : List.<RequestedFlow>of()) {
        if (probe.port() != 0) {
          assertEquals(
              OracleEvaluator.contains(one.flows(), probe),
              OracleEvaluator.contains(other.flows(), probe),
              () -> probe + " without " + found);
        }
      }
    }
  }

  private static Stream<Doc> without(Doc doc, Set<String> found) {
    List<Flow> rules = new ArrayList<>();
    for (int i = 0; i < doc.rules().size(); i++) {
      String rule = doc.name() + (doc.forbid() ? " deny[" : " allow[") + i + "]";
      if (!found.contains(rule)) {
        rules.add(doc.rules().get(i));
      }
    }
    return rules.isEmpty()
        ? Stream.empty()
        : Stream.of(new Doc(
            doc.name(),
            doc.forbid(),
            doc.profile(),
            doc.site(),
            doc.labels(),
            doc.least(),
            doc.conditions(),
            rules,
            doc.ttl(),
            doc.vlan()));
  }

  @Provide
  Arbitrary<List<Question>> manyQuestions() {
    return questions().list().ofSize(QUESTIONS);
  }
}
