package io.sallyport.admin.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MomentTest {
  @ParameterizedTest
  @CsvSource({
    "PT0S, now",
    "PT-4S, now",
    "PT5S, 5 s ago",
    "PT89S, 89 s ago",
    "PT90S, 2 min ago",
    "PT89M, 89 min ago",
    "PT-90M, in 2 h",
    "PT47H, 47 h ago",
    "PT-48H, in 2 days",
    "P-89D, in 89 days",
    "P-90D, in 3 months",
    "P3650D, 10 years ago"
  })
  void tellsAnAgeInOneUnit(Duration ago, String words) {
    assertEquals(words, Moment.relative(ago));
  }

  @Test
  void tellsTheTimeInUtc() {
    Instant at = Instant.parse("2026-11-22T19:05:07.123456Z");
    assertEquals(
        new Moment("2026-11-22T19:05:07.123Z", "2026-11-22 19:05:07 UTC", "60 s ago"),
        Moment.of(at, at.plusSeconds(60)));
  }
}
