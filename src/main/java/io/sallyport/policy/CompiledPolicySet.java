package io.sallyport.policy;

import io.sallyport.kernel.Digest;
import io.sallyport.policy.Explanation.Unmet;
import io.sallyport.policy.Question.Subject;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The evaluator: {@link Candidates} finds the policies that are about the device, {@link Evaluation} answers with them.
 * Immutable but for what it remembers.
 */
final class CompiledPolicySet implements PolicySet {
  private final String hash;
  private final List<AccessPolicy> all;
  private final Candidates candidates;

  CompiledPolicySet(Collection<? extends ReadDocument> documents) {
    this(documents, null);
  }

  /** {@code looked} counts the policies that were looked at to find who selects a device. */
  CompiledPolicySet(Collection<? extends ReadDocument> documents, @Nullable LongAdder looked) {
    TreeMap<String, ReadDocument> byName = new TreeMap<>();
    for (ReadDocument document : documents) {
      ReadDocument other = byName.putIfAbsent(document.name(), document);
      if (other != null && !other.hash().equals(document.hash())) {
        throw new IllegalArgumentException(
            "two different policies have the name " + document.name());
      }
    }
    StringBuilder versions = new StringBuilder();
    for (ReadDocument document : byName.values()) {
      versions.append(document.name()).append(' ').append(document.hash()).append('\n');
    }
    this.hash = Digest.of(versions.toString().getBytes(StandardCharsets.UTF_8)).hex();
    this.all = Segments.resolve(byName.values());
    this.candidates = new Candidates(all, looked);
  }

  @Override
  public Verdict evaluate(Question question) {
    return new Evaluation(hash, candidates.of(question.subject()), question).verdict();
  }

  @Override
  public Explanation explain(Question question) {
    Selection selection = candidates.of(question.subject());
    return new Explainer(trying(question.subject(), selection), all, selection, question)
        .explanation();
  }

  @Override
  public List<Unmet> unmet(Question question) {
    return evaluate(question).permit()
        ? List.of()
        : new Explainer(this, all, candidates.of(question.subject()), question).unmet();
  }

  @Override
  public Forbidden forbidden(Question question) {
    return candidates.of(question.subject()).forbidden(new Attributes(question));
  }

  /** This set for questions about devices that there are not, of which nothing is kept. */
  private PolicySet trying(Subject subject, Selection selection) {
    return new PolicySet() {
      @Override
      public Verdict evaluate(Question question) {
        Selection own = question.subject().equals(subject)
            ? selection
            : new Selection(all.stream()
                .filter(policy -> policy.selects(question.subject()))
                .toList());
        return new Evaluation(hash, own, question).verdict();
      }

      @Override
      public Forbidden forbidden(Question question) {
        return CompiledPolicySet.this.forbidden(question);
      }

      @Override
      public String hash() {
        return hash;
      }
    };
  }

  @Override
  public String hash() {
    return hash;
  }
}
