package io.sallyport.people;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.sallyport.kernel.Digest;
import io.sallyport.people.Operators.Operator;
import io.sallyport.people.Operators.Role;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class RecentOperatorsTest {
  private static final Operator ADA = new Operator("ada", Set.of(Role.ADMINISTRATOR), Set.of());

  private final AtomicReference<Instant> now =
      new AtomicReference<>(Instant.parse("2026-11-22T10:00:00Z"));
  private final InstantSource source = now::get;
  private final Clock clock = source.withZone(ZoneOffset.UTC);
  private final RecentOperators recent = new RecentOperators(clock);

  @Test
  void anOperatorIsKnownForThirtySecondsAndThenLookedUpAgain() {
    recent.remember(digest("token"), ADA, 0);
    now.updateAndGet(time -> time.plus(Duration.ofSeconds(29)));
    assertEquals(Optional.of(ADA), recent.find(digest("token")));
    now.updateAndGet(time -> time.plus(Duration.ofSeconds(1)));
    assertEquals(Optional.empty(), recent.find(digest("token")));
  }

  @Test
  void anotherTokenIsNotRecognised() {
    recent.remember(digest("token"), ADA, 0);
    assertEquals(Optional.empty(), recent.find(digest("Token")));
  }

  @Test
  void theMemoryIsBounded() {
    for (int i = 0; i <= RecentOperators.MOST; i++) {
      recent.remember(digest("token " + i), ADA, 0);
    }
    assertEquals(Optional.empty(), recent.find(digest("token 0")));
    assertEquals(Optional.of(ADA), recent.find(digest("token " + RecentOperators.MOST)));
  }

  @Test
  void anOperatorWhoChangedIsLookedUpAgain() {
    recent.remember(digest("token"), ADA, recent.changes());
    recent.forget("ada");
    assertEquals(Optional.empty(), recent.find(digest("token")));
  }

  @Test
  void whatWasReadBeforeAChangeIsNotRemembered() {
    long before = recent.changes();
    recent.forget("ada");
    recent.remember(digest("token"), ADA, before);
    assertEquals(Optional.empty(), recent.find(digest("token")));
  }

  private static Digest digest(String token) {
    return Digest.of(token.getBytes(StandardCharsets.UTF_8));
  }
}
