package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RenewalWindowTest {
  private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");

  @Test
  void isTheLastThirdUnlessItIsGiven() {
    assertEquals(BEGIN.plus(Duration.ofDays(60)), opensAfter90Days(null));
    assertEquals(BEGIN.plus(Duration.ofDays(83)), opensAfter90Days(Duration.ofDays(7)));
  }

  @Test
  void neverOpensAtOnce() {
    assertEquals(BEGIN.plus(Duration.ofDays(9)), opensAfter90Days(Duration.ofDays(90)));
    assertEquals(BEGIN.plus(Duration.ofDays(9)), opensAfter90Days(Duration.ofDays(9_000)));
  }

  private static Instant opensAfter90Days(@Nullable Duration window) {
    return RenewalWindow.opensAt(BEGIN, BEGIN.plus(Duration.ofDays(90)), window);
  }
}
