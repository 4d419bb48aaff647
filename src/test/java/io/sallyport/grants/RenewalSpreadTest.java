package io.sallyport.grants;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class RenewalSpreadTest {
  private static final Duration LIFE = Duration.ofHours(1);

  /** Made in one moment, so that their ids begin alike. */
  @Test
  void aFleetThatAskedTogetherAsksAgainOverAFifthOfTheTime() {
    Random random = new Random(7);
    int[] tenths = new int[10];
    for (int i = 0; i < 10_000; i++) {
      UUID grant =
          new UUID(0x0193_516b_0000_7000L << 16 | random.nextInt(0x1000), random.nextLong());
      long after = Renewal.after(grant, LIFE).toSeconds();
      assertTrue(after >= 2520 && after < 3240, "renewed after " + after + " s of 3600");
      tenths[(int) ((after - 2520) / 72)]++;
    }
    for (int count : tenths) {
      assertTrue(count > 500 && count < 2000, count + " of 10000 in one tenth");
    }
  }

  @Test
  void theSameGrantIsAlwaysRenewedAtTheSameTimeAndNeverAtOnce() {
    UUID grant = UUID.fromString("0193516b-0000-7000-8000-000000000001");
    assertEquals(Renewal.after(grant, LIFE), Renewal.after(grant, LIFE));
    assertEquals(Duration.ofSeconds(1), Renewal.after(grant, Duration.ofSeconds(1)));
  }
}
