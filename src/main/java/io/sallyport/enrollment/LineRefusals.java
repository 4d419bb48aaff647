package io.sallyport.enrollment;

import io.sallyport.audit.Audit;
import io.sallyport.audit.Fact;
import io.sallyport.devices.BatchProblem;
import io.sallyport.devices.Batches;
import io.sallyport.devices.Batches.Trouble;
import io.sallyport.devices.DeviceProblem;
import io.sallyport.enrollment.LineIssuance.Answer.Refused;
import io.sallyport.kernel.Actor;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Law 8 for what a line is refused: the first of a stream stand in the log one by one, the others counted. Any thread. */
final class LineRefusals {
  private static final int ONE_BY_ONE = 100;

  private final Batches batches;
  private final Audit audit;
  private final UUID batch;
  private final @Nullable String station;
  private final Actor actor;
  private final Clock clock;
  private final Map<String, Long> further = new TreeMap<>();
  private long all;

  LineRefusals(
      Batches batches,
      Audit audit,
      Clock clock,
      UUID batch,
      @Nullable String station,
      Actor actor) {
    this.batches = batches;
    this.audit = audit;
    this.batch = batch;
    this.clock = clock;
    this.station = station;
    this.actor = actor;
  }

  void record(Refused refused) {
    String problem = refused.refusal().problem().slug();
    synchronized (this) {
      if (++all > ONE_BY_ONE) {
        further.merge(problem, 1L, Long::sum);
        return;
      }
    }
    String kind = refused.refusal().problem() == DeviceProblem.DUPLICATE_KEY
        ? "security.duplicate-key"
        : "line.refused";
    audit.recordRefusal(
        Fact.of(kind, actor, "batch", batch).with("row", refused.row()).with("problem", problem));
    if (refused.refusal().problem() == BatchProblem.INVALID_ROW) {
      // It is nobody's row.
      return;
    }
    batches.trouble(
        batch,
        new Trouble(
            refused.row(),
            problem,
            refused.refusal().detail(),
            station,
            clock.instant().truncatedTo(ChronoUnit.MICROS)));
  }

  /** At the end of the stream. */
  synchronized void close() {
    if (all > 0) {
      batches.refused(batch, all);
    }
    if (!further.isEmpty()) {
      Fact fact = Fact.of("line.refusals", actor, "batch", batch);
      for (Map.Entry<String, Long> one : further.entrySet()) {
        fact = fact.with(one.getKey(), one.getValue());
      }
      audit.recordRefusal(fact);
    }
  }
}
