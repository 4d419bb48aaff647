package io.sallyport.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TimeUseTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "device.site == 'a'|",
        "time < timestamp('2026-11-22T12:30:00Z')|2026-11-22T12:30:00Z",
        "timestamp('2026-11-22T13:30:00+01:00') >= time|2026-11-22T12:30:00Z",
        "time > timestamp('2026-11-22T11:00:00Z')|",
        "time <= timestamp('2026-11-22T12:00:00Z')|2026-11-22T12:00:00.001Z",
        "time > timestamp('2026-11-22T11:00:00Z') && time < timestamp('2027-01-01T00:00:00Z')|2027-01-01T00:00:00Z",
        "time.getHours('Europe/Berlin') < 18|2026-11-22T12:01:00Z",
        "time.getHours() < 18 && time < timestamp('2026-11-22T12:00:07Z')|2026-11-22T12:00:07Z",
        "time - timestamp('2026-11-22T11:00:00Z') < duration('2h')|2026-11-22T12:01:00Z",
        "[time].exists(t, t < timestamp('2026-11-22T12:30:00Z'))|2026-11-22T12:01:00Z"
      })
  void anAnswerStandsUntilTheTimeMayChangeIt(String condition, @Nullable Instant end)
      throws Exception {
    assertEquals(end, Conditions.compile(condition).end(Instant.parse("2026-11-22T12:00:00Z")));
  }
}
