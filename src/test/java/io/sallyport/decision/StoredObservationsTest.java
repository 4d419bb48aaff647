package io.sallyport.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.sallyport.decision.ObservationStore.Key;
import io.sallyport.decision.ObservationStore.Seen;
import io.sallyport.decision.Observations.Missed;
import io.sallyport.kernel.Actor;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.testing.ServerTest;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who has how much of the room for observations. */
@QuarkusTest
class StoredObservationsTest extends ServerTest {
  private static final Instant NINE = Instant.parse("2026-11-22T09:00:00Z");
  private static final String BUSY = "observations-busy";
  private static final String LATER = "observations-later";

  @Inject
  StoredObservations observations;

  @AfterEach
  void forget() {
    observations.forget(BUSY, Actor.SERVER);
    observations.forget(LATER, Actor.SERVER);
  }

  /** Each device opens so many ports. */
  private void add(String document, int devices, int ports) {
    observations.add(
        IntStream.range(0, devices * ports)
            .mapToObj(i -> new Seen(
                new Key(document, "camera", new RequestedFlow("10.88.0.1", "tcp", i)),
                "denied",
                1,
                NINE,
                NINE,
                List.of(new UUID(document.hashCode(), i / ports))))
            .toList(),
        List.of());
  }

  private int kept(String document) {
    return observations.all(document, "camera").size();
  }

  private long missed(String document) {
    return observations.missed().stream()
        .filter(missed -> missed.document().equals(document))
        .mapToLong(Missed::uses)
        .sum();
  }

  @Test
  void whatOneDeviceTriesBeyondItsShareIsCountedAndTakesNothingWithIt() {
    add(BUSY, 1, 300);
    assertEquals(256, kept(BUSY));
    assertEquals(44, missed(BUSY));
    add(BUSY, 1, 300);
    assertEquals(88, missed(BUSY));
    assertEquals(2, observations.all(BUSY, "camera").getFirst().uses());
  }

  @Test
  void aBusyDocumentLeavesRoomForOthers() {
    add(BUSY, 60, 100);
    int busy = kept(BUSY);
    assertTrue(busy > 1000 && busy <= Observations.MOST / 2, busy + " are kept");
    assertEquals(6000, busy + missed(BUSY));
    add(LATER, 10, 100);
    assertEquals(1000, kept(LATER));
    assertEquals(0, missed(LATER));
    // What is known already is added up in any case.
    add(BUSY, 1, 100);
    assertEquals(6000 - busy, missed(BUSY));
    assertEquals(2, observations.all(BUSY, "camera").getFirst().uses());
    assertEquals(busy, kept(BUSY));
  }
}
