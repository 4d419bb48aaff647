package io.sallyport.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sallyport.decision.ObservationStore.Seen;
import io.sallyport.decision.Observations.Missed;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict.Observed;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What becomes of observed flows while the database does not take them. */
class ObservedFlowsTest {
  private static final Instant NINE = Instant.parse("2026-11-22T09:00:00Z");

  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  private final Kept kept = new Kept();
  private final ObservedFlows flows = new ObservedFlows(kept, metrics);

  /** Observations in a list; it can fail. */
  private static final class Kept implements ObservationStore {
    final List<Seen> seen = new ArrayList<>();
    final List<Missed> missed = new ArrayList<>();

    @Nullable
    SQLException failure;

    Runnable meanwhile = () -> {};

    @Override
    public void add(Collection<Seen> more, Collection<Missed> over) {
      meanwhile.run();
      if (failure != null) {
        throw new IllegalStateException("observations could not be written", failure);
      }
      seen.addAll(more);
      missed.addAll(over);
    }
  }

  private void see(UUID device, int port, Instant at) {
    flows.seen(
        device,
        "camera",
        new RequestedFlow("10.77.0.5", "tcp", port),
        List.of(new Observed("zone", "denied at " + at, false)),
        at);
  }

  private double counted() {
    return metrics.get("sallyport.observed.missed").counter().count();
  }

  @Test
  void whatTheDatabaseDoesNotTakeWaitsAndIsAddedUpWithWhatComes() {
    UUID one = new UUID(0, 1);
    UUID two = new UUID(0, 2);
    kept.failure = new SQLException("terminating connection", "57P01");
    see(one, 80, NINE);
    // Longer than is tried without an outage.
    for (int i = 0; i < 100; i++) {
      flows.write();
    }
    see(two, 80, NINE.plusSeconds(60));
    kept.failure = null;
    flows.write();
    assertEquals(1, kept.seen.size(), kept.seen::toString);
    Seen sum = kept.seen.getFirst();
    assertEquals(2, sum.uses());
    assertEquals(NINE, sum.first());
    assertEquals(NINE.plusSeconds(60), sum.last());
    assertEquals("denied at 2026-11-22T09:01:00Z", sum.reason());
    assertEquals(List.of(one, two), sum.devices());
    assertEquals(List.of(), kept.missed);
    assertEquals(0, counted());
  }

  @Test
  void whatIsSeenDuringAWriteThatFailsKeepsTheNewestReason() {
    UUID device = new UUID(0, 1);
    kept.failure = new SQLException("terminating connection", "57P01");
    kept.meanwhile = () -> see(device, 80, NINE.plusSeconds(1));
    see(device, 80, NINE);
    flows.write();
    kept.failure = null;
    kept.meanwhile = () -> {};
    flows.write();
    Seen sum = kept.seen.getFirst();
    assertEquals("denied at 2026-11-22T09:00:01Z", sum.reason());
    assertEquals(2, sum.uses());
    assertEquals(NINE, sum.first());
    assertEquals(List.of(device), sum.devices());
  }

  @Test
  void oneDeviceHasNoMoreRoomForThatTheDatabaseIsAway() {
    kept.failure = new SQLException("terminating connection", "57P01");
    for (int port = 1; port <= 300; port++) {
      see(new UUID(0, 1), port, NINE);
      flows.write();
    }
    see(new UUID(0, 2), 1000, NINE);
    assertEquals(44, counted());
    kept.failure = null;
    flows.write();
    assertEquals(257, kept.seen.size());
    assertEquals(44, kept.missed.stream().mapToLong(Missed::uses).sum());
    // What was written made room.
    see(new UUID(0, 1), 400, NINE);
    flows.write();
    assertEquals(258, kept.seen.size());
    assertEquals(44, counted());
  }

  @Test
  void theRoomInMemoryIsBoundedAndWhatIsOverIsCounted() {
    kept.failure = new SQLException("terminating connection", "57P01");
    for (int i = 0; i < ObservedFlows.MOST_WAITING + 5; i++) {
      see(new UUID(1, i / 100), i, NINE);
      if (i % 1000 == 0) {
        flows.write();
      }
    }
    kept.failure = null;
    flows.write();
    assertEquals(ObservedFlows.MOST_WAITING, kept.seen.size());
    assertEquals(5, counted());
    assertEquals(5, kept.missed.getFirst().uses());
  }

  @Test
  void whatNeverGoesInIsGivenUpAndCounted() {
    kept.failure = new SQLException("invalid byte sequence", "22021");
    see(new UUID(0, 1), 80, NINE);
    for (int i = 0; i < 10; i++) {
      flows.write();
    }
    assertEquals(1, counted());
    kept.failure = null;
    flows.write();
    assertEquals(List.of(), kept.seen);
    assertEquals(List.of(new Missed("zone", 1, NINE)), kept.missed);
  }
}
