package io.sallyport.grants;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sallyport.decision.DrivenClock;
import java.lang.reflect.Proxy;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class StatusPlacesTest {
  private final DrivenClock clock = new DrivenClock(Instant.parse("2026-11-22T10:00:00Z"));
  private long blocks;
  private final StatusPlaces places = new StatusPlaces(
      (GrantStore) Proxy.newProxyInstance(
          GrantStore.class.getClassLoader(),
          new Class<?>[] {GrantStore.class},
          (proxy, method, arguments) -> blocks++),
      clock,
      new SecureRandom());

  @Test
  void noTwoTokensHaveOnePlaceAndEveryPlaceOfAListIsUsed() {
    Set<StatusPlace> seen = new HashSet<>();
    for (int i = 0; i < StatusPlace.LIST; i++) {
      StatusPlace place = places.next();
      assertEquals(0, place.list());
      assertTrue(seen.add(place), "twice " + place);
    }
    assertEquals(StatusPlace.BLOCKS, blocks);
    assertEquals(1, places.next().list());
  }

  @Test
  void aBlockIsGivenUpAfterAnHour() {
    places.next();
    clock.advance(StatusPlaces.LONGEST_USE.minusSeconds(1));
    places.next();
    assertEquals(1, blocks);
    clock.advance(StatusPlaces.LONGEST_USE);
    places.next();
    assertEquals(2, blocks);
  }
}
