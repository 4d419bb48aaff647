package io.sallyport.policy;

import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** When a policy applies: a span of time, or hours of some days of the week. */
sealed interface Window {
  boolean holds(Instant now);

  /** The first moment after {@code now} at which {@link #holds} changes, or null when it never does again. */
  @Nullable
  Instant change(Instant now);

  /** For people. */
  String words();

  /** From {@code from} on, before {@code until}. */
  record Span(Instant from, Instant until) implements Window {
    @Override
    public boolean holds(Instant now) {
      return !now.isBefore(from) && now.isBefore(until);
    }

    @Override
    public @Nullable Instant change(Instant now) {
      return now.isBefore(from) ? from : now.isBefore(until) ? until : null;
    }

    @Override
    public String words() {
      return "from " + from + " until " + until;
    }
  }

  /**
   * Every week.
   *
   * @param days on which it begins
   * @param to on the next day when it is not after {@code from}
   */
  record Weekly(Set<DayOfWeek> days, LocalTime from, LocalTime to, ZoneId zone) implements Window {
    /** From one beginning to the same a week later, and the day before, on which it may have begun. */
    private static final int DAYS = 9;

    public Weekly {
      days = Set.copyOf(days);
    }

    @Override
    public boolean holds(Instant now) {
      LocalDate today = now.atZone(zone).toLocalDate();
      return holds(today.minusDays(1), now) || holds(today, now);
    }

    private boolean holds(LocalDate day, Instant now) {
      return days.contains(day.getDayOfWeek())
          && !now.isBefore(begin(day))
          && now.isBefore(end(day));
    }

    @Override
    public @Nullable Instant change(Instant now) {
      LocalDate yesterday = now.atZone(zone).toLocalDate().minusDays(1);
      Instant first = null;
      for (int i = 0; i < DAYS; i++) {
        LocalDate day = yesterday.plusDays(i);
        if (days.contains(day.getDayOfWeek())) {
          for (Instant moment : new Instant[] {begin(day), end(day)}) {
            first = moment.isAfter(now) ? AccessPolicy.earlier(first, moment) : first;
          }
        }
      }
      return first;
    }

    private Instant begin(LocalDate day) {
      return day.atTime(from).atZone(zone).toInstant();
    }

    private Instant end(LocalDate day) {
      return (to.isAfter(from) ? day : day.plusDays(1)).atTime(to).atZone(zone).toInstant();
    }

    @Override
    public String words() {
      StringBuilder words = new StringBuilder();
      for (DayOfWeek day : DayOfWeek.values()) {
        if (days.contains(day)) {
          words.append(words.isEmpty() ? "" : ",").append(word(day));
        }
      }
      return words + " " + from + "-" + to + " " + zone;
    }

    static String word(DayOfWeek day) {
      return day.name().substring(0, 3).toLowerCase(java.util.Locale.ROOT);
    }
  }
}
