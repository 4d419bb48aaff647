package io.sallyport.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.sallyport.kernel.Refusal;
import java.time.Duration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SerialPatternTest {
  @ParameterizedTest
  @CsvSource({
    "AB-1,AB-1,true",
    "AB-1,AB-12,false",
    "AB-1,ab-1,false",
    "AB-#,AB-7,true",
    "AB-#,AB-x,false",
    "AB-##,AB-7,false",
    "*,anything,true",
    "AB-*,AB-,true",
    "AB-*,XAB-1,false",
    "*-#,AB-CD-7,true",
    "*-#,AB-CD-7a,false",
    "A*B*C,AxxBByBzC,true",
    "A*B*C,AxxyyzC,false",
    "?,?,true",
    "?,x,false",
  })
  void aSignStandsForWhatItSays(String pattern, String serialNumber, boolean expected) {
    assertEquals(expected, new SerialPattern(pattern).matches(serialNumber));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[0-9]+", "a|b", "a\\d", "a\nb", "ä"})
  void anythingElseIsRefused(String pattern) {
    assertThrows(Refusal.class, () -> new SerialPattern(pattern));
  }

  @Test
  void noPatternKeepsTheServerBusy() {
    SerialPattern pattern = new SerialPattern("*a".repeat(32));

    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20), () -> assertEquals(false, pattern.matches("a".repeat(63) + "b")));
  }
}
