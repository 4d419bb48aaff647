package io.sallyport.admin.console;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

/**
 * A time as a page shows it.
 *
 * @param iso for machines, and for the script that keeps {@code relative} current
 * @param relative in words, as of when the page was made
 */
record Moment(String iso, String utc, String relative) {
  private static final DateTimeFormatter UTC = DateTimeFormatter.ofPattern(
          "uuuu-MM-dd HH:mm:ss 'UTC'", Locale.ROOT)
      .withZone(ZoneOffset.UTC);

  static Moment of(Instant at, Instant now) {
    return new Moment(
        at.truncatedTo(ChronoUnit.MILLIS).toString(),
        UTC.format(at),
        relative(Duration.between(at, now)));
  }

  /** The same steps as in console.js. */
  static String relative(Duration ago) {
    String amount = amount(ago.abs().toSeconds());
    if (amount.isEmpty()) {
      return "now";
    }
    return ago.isNegative() ? "in " + amount : amount + " ago";
  }

  private static String amount(long seconds) {
    if (seconds < 5) {
      return "";
    }
    if (seconds < 90) {
      return seconds + " s";
    }
    long minutes = Math.round(seconds / 60.0);
    if (minutes < 90) {
      return minutes + " min";
    }
    long hours = Math.round(seconds / 3600.0);
    if (hours < 48) {
      return hours + " h";
    }
    long days = Math.round(seconds / 86_400.0);
    if (days < 90) {
      return days + " days";
    }
    return days < 730 ? Math.round(days / 30.44) + " months" : Math.round(days / 365.25) + " years";
  }
}
