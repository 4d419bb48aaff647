package io.sallyport.retention;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import org.jspecify.annotations.Nullable;

/**
 * A partition as it stands.
 *
 * @param begin the first day in it; {@link LocalDate#MIN} when nothing is too old for it
 * @param end the first day after it; {@link LocalDate#MAX} when nothing is too young for it
 * @param until of facts: the last position in it, once it is announced
 * @param used of facts: whether there is one in it; of others always
 */
record Partition(
    RecordKind kind,
    LocalDate begin,
    LocalDate end,
    String name,
    boolean used,
    @Nullable Long until,
    @Nullable Instant announced,
    @Nullable Instant detached,
    @Nullable Instant dropped,
    @Nullable String term) {

  /** The day from which it may go: a day later than the term says, so that clocks may differ. */
  LocalDate goes(Duration kept) {
    return end.equals(LocalDate.MAX) ? LocalDate.MAX : end.plusDays(daysUp(kept) + 1);
  }

  private static long daysUp(Duration kept) {
    return kept.plusDays(1).minusNanos(1).toDays();
  }
}
