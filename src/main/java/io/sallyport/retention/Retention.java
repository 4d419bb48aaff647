package io.sallyport.retention;

import io.sallyport.kernel.Actor;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is kept for how long, what goes when, and the hold that stops all dropping. */
public interface Retention {
  /** As it stands. */
  Standing standing();

  /** What would go by a day, the soonest first; with what stands in its way on that day, as far as it is known now. */
  List<Planned> plan(LocalDate by);

  /** Stops all dropping, on every node, until it is lifted; a hold that stands stays as it is. */
  Standing hold(String reason, Actor actor);

  /** Lifts the hold; refuses nothing when there is none. */
  Standing lift(Actor actor);

  /** What became of the certificates that ended on {@code day}; empty while they are kept. */
  Optional<Gone> goneCertificates(LocalDate day);

  /**
   * How records are kept.
   *
   * @param hold what stops the dropping, or null
   * @param steadySince since when the clock has gone on without a jump, or null before the job has looked
   */
  record Standing(
      List<Term> terms, @Nullable Hold hold, @Nullable Instant steadySince) {
    public Standing {
      terms = List.copyOf(terms);
    }
  }

  /**
   * Why nothing is dropped.
   *
   * @param since null when this node's settings say so
   */
  record Hold(@Nullable Instant since, @Nullable String by, String reason) {}

  /**
   * One kind of record.
   *
   * @param oldest the first day of the oldest partition that is kept, null when nothing was ever dropped
   * @param ahead the day until which there are partitions, null when for ever
   * @param kept how many partitions are kept
   * @param dropped how many are gone
   */
  record Term(
      RecordKind kind,
      Duration term,
      @Nullable LocalDate oldest,
      @Nullable LocalDate ahead,
      int kept,
      int dropped) {}

  /**
   * A partition that goes.
   *
   * @param begin the first day in it, or null
   * @param end the first day after it
   * @param goes the day from which it may go
   * @param octets about how large it is
   * @param records about how many stand in it; 0 also when the database has not counted them yet
   * @param announced since when the log says that it will go, or null
   * @param obstacle what stands in its way now, in a sentence, or null
   */
  record Planned(
      RecordKind kind,
      String name,
      @Nullable LocalDate begin,
      LocalDate end,
      LocalDate goes,
      long octets,
      long records,
      @Nullable Instant announced,
      @Nullable String obstacle) {}

  /** When something went, and under which term. */
  record Gone(Instant at, String term) {}
}
