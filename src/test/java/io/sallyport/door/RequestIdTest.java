package io.sallyport.door;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.sallyport.kernel.Ids;
import java.security.SecureRandom;
import java.time.Clock;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestIdTest {
  private final Ids ids = new Ids(Clock.systemUTC(), new SecureRandom());

  @ParameterizedTest
  @ValueSource(strings = {"r-1", "!", "~", "a/b\"{}"})
  void aVisibleOneIsKept(String given) {
    assertEquals(given, RequestId.of(given, ids));
  }

  @Test
  void theLongestIsKeptAndALongerOneIsNot() {
    assertEquals("x".repeat(128), RequestId.of("x".repeat(128), ids));
    assertEquals(36, RequestId.of("x".repeat(129), ids).length());
  }

  @ParameterizedTest
  @NullAndEmptySource
  @ValueSource(strings = {"a b", "a\nb", "a\u00e9", "\u007f", "\t"})
  void anotherIsReplaced(@Nullable String given) {
    String made = RequestId.of(given, ids);
    assertEquals(36, made.length());
    assertNotEquals(made, RequestId.of(given, ids));
  }
}
