package io.sallyport.enrollment;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.sallyport.decision.DrivenClock;
import io.sallyport.devices.CloneAlarms;
import io.sallyport.devices.Device;
import io.sallyport.kernel.Digest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class SightingsTest {
  private static final UUID DEVICE = new UUID(1, 1);
  private static final Digest CERTIFICATE = digest("certificate");

  private final DrivenClock clock = new DrivenClock(Instant.parse("2026-05-01T00:00:00Z"));
  private final List<String> raised = new ArrayList<>();
  private final Sightings sightings = new Sightings(new Told(), clock);

  @Test
  void whoComesBackAtOnceWasInTwoPlaces() {
    seen("10.0.0.1", "10.0.0.2", "10.0.0.1");
    assertEquals(List.of("10.0.0.1 and 10.0.0.2"), raised);
  }

  @Test
  void whoMovesOnIsInOnePlace() {
    seen("10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.3");
    assertEquals(List.of(), raised);
  }

  @Test
  void whoComesBackLaterWasAway() {
    seen("10.0.0.1", "10.0.0.2");
    clock.advance(Sightings.AT_ONCE.plusSeconds(1));
    seen("10.0.0.1");
    assertEquals(List.of(), raised);
  }

  @Test
  void addressesOfTwoFamiliesAreNotCompared() {
    seen("10.0.0.1", "2001:db8::1", "10.0.0.1", "2001:db8::1");
    assertEquals(List.of(), raised);
  }

  @Test
  void theAlarmIsRaisedOnceInAnHour() {
    seen("10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.2", "10.0.0.1");
    assertEquals(1, raised.size());
    clock.advance(Sightings.QUIET.plus(Duration.ofSeconds(1)));
    seen("10.0.0.2", "10.0.0.1", "10.0.0.2");
    assertEquals(2, raised.size());
  }

  @Test
  void theOldestAreForgotten() {
    seen("10.0.0.1", "10.0.0.2");
    for (int i = 0; i < Sightings.MOST_REMEMBERED; i++) {
      sightings.used(digest("other " + i), DEVICE, "10.0.0.9");
    }
    seen("10.0.0.1");
    assertEquals(List.of(), raised);
  }

  @Test
  void whoIsSeenByAnotherNodeInBetweenWasInTwoPlaces() {
    seen("10.0.0.1");
    clock.advance(Duration.ofSeconds(20));
    elsewhere("10.0.0.2");
    clock.advance(Duration.ofSeconds(20));
    assertEquals(List.of(), raised);
    seen("10.0.0.1");
    assertEquals(List.of("10.0.0.1 and 10.0.0.2"), raised);
    // Told a second time, as what was read twice is.
    elsewhere("10.0.0.2");
    seen("10.0.0.1");
    assertEquals(1, raised.size());
  }

  @Test
  void anotherNodesWordMayComeLate() {
    seen("10.0.0.1");
    clock.advance(Duration.ofSeconds(20));
    Instant then = clock.instant();
    clock.advance(Duration.ofSeconds(20));
    seen("10.0.0.1");
    sightings.usedElsewhere(new Sightings.Sighting(CERTIFICATE, DEVICE, "10.0.0.2", then));
    assertEquals(List.of("10.0.0.1 and 10.0.0.2"), raised);
  }

  /** It went from here to there, and the clocks of the two differ. */
  @Test
  void whoMovesToAnotherNodeIsInOnePlace() {
    seen("10.0.0.1");
    clock.advance(Duration.ofMinutes(1));
    seen("10.0.0.1");
    sightings.usedElsewhere(new Sightings.Sighting(
        CERTIFICATE, DEVICE, "10.0.0.2", clock.instant().minus(Sightings.SKEW)));
    assertEquals(List.of(), raised);
  }

  @Test
  void whoCameFromAnotherNodeIsInOnePlace() {
    Instant before = clock.instant();
    clock.advance(Duration.ofMinutes(1));
    seen("10.0.0.1");
    clock.advance(Duration.ofMinutes(1));
    seen("10.0.0.1");
    sightings.usedElsewhere(new Sightings.Sighting(CERTIFICATE, DEVICE, "10.0.0.2", before));
    assertEquals(List.of(), raised);
  }

  @Test
  void whoIsBehindOneAddressOnBothNodesIsInOnePlace() {
    seen("10.0.0.1");
    clock.advance(Duration.ofMinutes(1));
    elsewhere("10.0.0.1");
    elsewhere("2001:db8::1");
    clock.advance(Duration.ofMinutes(1));
    seen("10.0.0.1");
    assertEquals(List.of(), raised);
  }

  /** First uses and changes of place are all that others are told. */
  @Test
  void othersAreToldOfChangesOnly() {
    seen("10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.2");
    assertEquals(
        List.of("10.0.0.1", "10.0.0.2"),
        sightings.untold().stream().map(Sightings.Sighting::place).toList());
    seen("10.0.0.2");
    assertEquals(List.of(), sightings.untold());
  }

  private void elsewhere(String place) {
    sightings.usedElsewhere(new Sightings.Sighting(CERTIFICATE, DEVICE, place, clock.instant()));
  }

  private void seen(String... places) {
    for (String place : places) {
      sightings.used(CERTIFICATE, DEVICE, place);
    }
  }

  private static Digest digest(String text) {
    return Digest.of(text.getBytes(StandardCharsets.UTF_8));
  }

  private final class Told implements CloneAlarms {
    @Override
    public Set<UUID> raise(
        Sign sign, UUID device, Collection<Digest> keys, Map<String, String> detail) {
      assertEquals(Sign.CERTIFICATE_IN_TWO_PLACES, sign);
      assertEquals(DEVICE, device);
      raised.add(detail.get("place") + " and " + detail.get("other_place"));
      return Set.of();
    }

    @Override
    public boolean hasAnotherManufacturerKey(Device device, Digest key) {
      throw new AssertionError("nobody enrolls here");
    }

    @Override
    public void serialNumberTwice(Device device, Digest key) {
      throw new AssertionError("nobody enrolls here");
    }
  }
}
