package io.sallyport.grants;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.decision.DrivenClock;
import io.sallyport.grants.GrantKeys.GrantKey;
import io.sallyport.grants.KeyTerms.Term;
import io.sallyport.kernel.Der;
import io.sallyport.keys.KeyAlgorithm;
import io.sallyport.keys.KeyHandle;
import io.sallyport.keys.Keys;
import io.sallyport.testing.TestPki;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class TokenKeysTest {
  private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");

  private final DrivenClock clock = new DrivenClock(NOW);
  private final List<KeyHandle> handles = new ArrayList<>();
  private final Map<UUID, Term> terms = new HashMap<>();
  private final TokenKeys keys = new TokenKeys(
      (Keys) Proxy.newProxyInstance(
          Keys.class.getClassLoader(),
          new Class<?>[] {Keys.class},
          (proxy, method, arguments) -> switch (method.getName()) {
            case "of" -> List.copyOf(handles);
            case "shared" -> handles.getFirst();
            default -> throw new UnsupportedOperationException(method.getName());
          }),
      () -> terms,
      clock);

  private final UUID old = made();

  private UUID made() {
    UUID id = new UUID(0, handles.size() + 1);
    handles.addFirst(
        new KeyHandle(id, KeyAlgorithm.EC_P256, Der.of(TestPki.key().getPublic().getEncoded())));
    return id;
  }

  @Test
  void theFirstKeySignsAndCountsForAsLongAsThereIsNoOther() {
    assertEquals(old, signing());
    assertNull(published().getFirst().countsUntil());
    clock.advance(Duration.ofDays(400));
    assertEquals(old, signing());
  }

  @Test
  void aNewKeySignsWhenItsTimeHasComeAndTheOldOneCountsUntilItsLastGrantHasEnded() {
    UUID next = made();
    terms.put(next, new Term(NOW.plus(GrantKeys.PUBLISHED_BEFORE), null));
    assertEquals(old, signing());
    assertEquals(2, published().size());
    clock.advance(GrantKeys.PUBLISHED_BEFORE);
    assertEquals(next, signing());
    clock.advance(Duration.ofHours(24));
    assertEquals(2, published().size());
    clock.advance(Duration.ofHours(1));
    assertEquals(List.of(next), published().stream().map(GrantKey::id).toList());
  }

  @Test
  void whatACompromisedKeySignedCountsNoLonger() {
    UUID next = made();
    terms.put(old, new Term(Instant.EPOCH, NOW));
    terms.put(next, new Term(NOW, null));
    assertEquals(next, signing());
    assertEquals(1, published().size());
    assertTrue(keys.keySet().contains(published().getFirst().keyId()));
  }

  @Test
  void aKeyThatWasGivenUpBeforeItsTurnEndsNobodysTime() {
    UUID waiting = made();
    UUID next = made();
    terms.put(old, new Term(Instant.EPOCH, NOW));
    terms.put(waiting, new Term(NOW.plus(GrantKeys.PUBLISHED_BEFORE), NOW));
    terms.put(next, new Term(NOW, null));
    clock.advance(Duration.ofDays(400));
    assertEquals(next, signing());
    assertNull(published().getFirst().countsUntil());
  }

  private List<GrantKey> published() {
    keys.readAgain();
    return keys.published();
  }

  private UUID signing() {
    return published().stream()
        .filter(GrantKey::signing)
        .findFirst()
        .orElseThrow()
        .id();
  }
}
