package io.sallyport.retention;

import java.time.LocalDate;
import java.util.Locale;

/** How much time one partition holds. */
enum PartitionSpan {
  MONTH(1),
  QUARTER(3),
  YEAR(12);

  private final int months;

  PartitionSpan(int months) {
    this.months = months;
  }

  static PartitionSpan of(String word) {
    return valueOf(word.toUpperCase(Locale.ROOT));
  }

  /** The first day of the span that {@code day} is in. */
  LocalDate begin(LocalDate day) {
    return day.withDayOfMonth(1).minusMonths((day.getMonthValue() - 1) % months);
  }

  /** The first day of the {@code count}-th span after the one that {@code day} is in. */
  LocalDate after(LocalDate day, int count) {
    return begin(day).plusMonths((long) months * count);
  }
}
