package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.kernel.Digest;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class RenewalTimesTest {
  private static final Instant OPENS = Instant.parse("2026-03-01T00:00:00Z");
  private static final Instant CLOSES = OPENS.plus(Duration.ofDays(30));
  private static final int DEVICES = 10_000;

  @Test
  void aFleetThatEnrolledAtOnceIsSpreadOverTheFirstTwoThirdsOfItsWindow() {
    requireSpread(
        OPENS, Duration.ofDays(20), thumbprint -> RenewalTimes.inWindow(OPENS, CLOSES, thumbprint));
  }

  @Test
  void aCampaignSpreadsOverAllItsTime() {
    requireSpread(
        OPENS,
        Duration.ofDays(1),
        thumbprint -> RenewalTimes.within(OPENS, OPENS.plus(Duration.ofDays(1)), thumbprint));
  }

  @Test
  void theTimeOfACertificateIsTheSameAtEveryQuestion() {
    assertEquals(
        RenewalTimes.inWindow(OPENS, CLOSES, thumbprint(7)),
        RenewalTimes.inWindow(OPENS, CLOSES, thumbprint(7)));
    assertEquals(OPENS, RenewalTimes.within(OPENS, OPENS, thumbprint(7)));
  }

  /** In no hundredth of the time are more than twice as many as on the mean. */
  private static void requireSpread(Instant from, Duration time, Function<Digest, Instant> times) {
    int[] asked = new int[100];
    for (int i = 0; i < DEVICES; i++) {
      Duration after = Duration.between(from, times.apply(thumbprint(i)));
      assertTrue(!after.isNegative() && after.compareTo(time) < 0, after.toString());
      asked[(int) (after.toMillis() * asked.length / time.toMillis())]++;
    }
    for (int one : asked) {
      assertTrue(one > 0 && one <= 2 * DEVICES / asked.length, one + " at once");
    }
  }

  private static Digest thumbprint(int device) {
    return Digest.of(Integer.toString(device).getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }
}
