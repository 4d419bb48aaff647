package io.sallyport.pki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import io.sallyport.testing.OddKeys;
import java.math.BigInteger;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RsaWeaknessesTest {
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 5, 7, 251, 257, 743, 751})
  void findsASmallFactor(int factor) {
    BigInteger modulus = OddKeys.modulus(2048).multiply(BigInteger.valueOf(factor));

    assertEquals(Optional.of("The RSA modulus has a small factor."), RsaWeaknesses.find(modulus));
  }

  @Test
  void findsPrimesThatLieCloseTogether() {
    assertEquals(
        Optional.of("The RSA modulus has two factors that lie close together."),
        RsaWeaknesses.find(OddKeys.closePrimeModulus()));
  }

  @Test
  void findsTheFlawedGeneratorByItsFingerprint() {
    assertEquals(
        Optional.of("The RSA key comes from the flawed generator of CVE-2017-15361."),
        RsaWeaknesses.find(OddKeys.rocaModulus()));
  }

  @RepeatedTest(5)
  void findsNothingInAnHonestKey() {
    assertEquals(Optional.empty(), RsaWeaknesses.find(OddKeys.modulus(2048)));
  }

  @Test
  void isDoneSoonWithTheLargestModulusThatIsAccepted() {
    BigInteger modulus = new BigInteger(8192, new Random(1)).setBit(8191).setBit(0);

    // A bound against unbounded work, not a benchmark.
    assertTimeout(Duration.ofSeconds(2), () -> RsaWeaknesses.find(modulus));
  }
}
