package io.sallyport.decision;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.decision.Replays.Report;
import io.sallyport.kernel.Actor;
import io.sallyport.policy.PolicySet;
import io.sallyport.policy.Question;
import io.sallyport.policy.Verdict;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;

/** Questions that one set of policies decides, which are written down as the log does, and decided again by another. */
public final class ReplayedQuestions {
  private ReplayedQuestions() {}

  /** The subjects have UUIDs. */
  public static Report replay(PolicySet before, PolicySet candidate, List<Question> questions) {
    List<DecisionRow> rows = new ArrayList<>();
    for (Question question : questions) {
      Verdict verdict = before.evaluate(question);
      UUID device = UUID.fromString(question.subject().id());
      Decision decision = new Decision(
          UUID.randomUUID(),
          device,
          Judge.stands(verdict, question.time()),
          verdict.reasons(),
          verdict,
          null,
          null);
      rows.add(DecisionRow.of(new Answered(
          decision,
          null,
          question.flow(),
          question.place(),
          question.time(),
          question.place().point() == null
              ? Actor.SERVER
              : Actor.enforcementPoint(question.place().point()),
          question)));
    }
    ReplayCount count = new ReplayCount(candidate, before);
    // By way of a file, as after an outage.
    SpilledBatch read = SpilledBatch.read(new SpilledBatch(UUID.randomUUID(), rows).octets());
    if (!read.rows().equals(rows)) {
      throw new AssertionError("read back: " + read.rows());
    }
    for (DecisionRow row : read.rows()) {
      try {
        count.replay(
            LoggedReplay.recorded(
                row.id(),
                row.at(),
                row.policyHash(),
                row.askedBy(),
                row.question(),
                row.permit(),
                row.reasons(),
                row.keys().cause(),
                row.keys().rule()),
            Inputs.read(Objects.requireNonNull(row.inputs()).body()));
      } catch (JsonProcessingException e) {
        throw new AssertionError(e);
      }
    }
    return count.report(Instant.EPOCH, Instant.EPOCH, true, 1);
  }
}
