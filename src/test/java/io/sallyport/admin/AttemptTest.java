package io.sallyport.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.sallyport.admin.Idempotency.Attempt;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class AttemptTest {
  @Test
  void theSameRequestHasTheSameDigest() {
    assertEquals(of("POST", "/a", "{}"), of("POST", "/a", "{}"));
  }

  @Test
  void anotherMethodPathOrBodyIsAnotherRequest() {
    assertNotEquals(of("POST", "/a", "{}"), of("PUT", "/a", "{}"));
    assertNotEquals(of("POST", "/a", "{}"), of("POST", "/b", "{}"));
    assertNotEquals(of("POST", "/a", "{}"), of("POST", "/a", "{ }"));
    assertNotEquals(of("POST", "/a", "b"), of("POST", "/ab", ""));
  }

  private static Attempt of(String method, String path, String body) {
    return Attempt.of("ada", "key", method, path, body.getBytes(StandardCharsets.UTF_8));
  }
}
