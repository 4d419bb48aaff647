package io.sallyport.admin.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.quarkus.runtime.ShutdownEvent;
import io.sallyport.devices.Batch;
import io.sallyport.devices.Batches.WorkOrder;
import io.sallyport.kernel.Refusal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who watches a batch is told what changed, and when it is over. */
class BatchWatchTest {
  private static final UUID ID = new UUID(0, 1);

  private volatile Batch batch = batch(0, Batch.State.OPEN);
  /** Looked at by hand: an hour of its own clock is long for a test. */
  private final BatchWatch watch = new BatchWatch(id -> batch, Duration.ofHours(1));

  private static Batch batch(int issued, Batch.State state) {
    return new Batch(
        ID,
        new WorkOrder("b", "m", "M1", "p", null, "o", "s", null, null, 10),
        new UUID(0, 2),
        0,
        issued,
        0,
        state,
        Instant.EPOCH,
        null,
        null,
        0);
  }

  private static final class Told implements BatchWatch.Listener {
    private final List<String> all = new ArrayList<>();

    @Override
    public synchronized void progress(Batch batch, int perSecond) {
      all.add(batch.state().word() + " " + batch.issued());
    }

    @Override
    public synchronized void heartbeat() {
      all.add("heartbeat");
    }

    @Override
    public synchronized void end() {
      all.add("end");
    }

    synchronized List<String> all() {
      return all.stream().filter(one -> !one.equals("heartbeat")).toList();
    }
  }

  @AfterEach
  void stop() {
    watch.stop(new ShutdownEvent());
  }

  @Test
  void progressIsToldAtOnceAndThenWhenSomethingChanged() {
    Told told = new Told();
    watch.watch(batch, told);
    watch.look();
    batch = batch(3, Batch.State.OPEN);
    watch.look();
    watch.look();
    batch = batch(4, Batch.State.CLOSED);
    watch.look();
    batch = batch(5, Batch.State.CLOSED);
    watch.look();

    assertEquals(List.of("open 0", "open 3", "closed 4", "end"), told.all());
  }

  @Test
  void aBatchThatIsClosedIsToldOnce() {
    Told told = new Told();
    watch.watch(batch(7, Batch.State.CLOSED), told);

    assertEquals(List.of("closed 7", "end"), told.all());
  }

  @Test
  void whoeverLeavesIsToldNothingMore() {
    Told told = new Told();
    watch.watch(batch, told);
    watch.leave(told);
    batch = batch(1, Batch.State.OPEN);
    watch.look();

    assertEquals(List.of("open 0"), told.all());
  }

  @Test
  void noMoreThanMayWatchAndTheyEndWithTheServer() {
    List<Told> all = new ArrayList<>();
    for (int i = 0; i < BatchWatch.MOST; i++) {
      all.add(new Told());
      watch.watch(batch, all.getLast());
    }
    assertThrows(Refusal.class, () -> watch.watch(batch, new Told()));
    watch.leave(all.removeFirst());
    watch.watch(batch, new Told());

    watch.stop(new ShutdownEvent());

    all.forEach(told -> assertEquals(List.of("open 0", "end"), told.all()));
    assertThrows(Refusal.class, () -> watch.watch(batch, new Told()));
  }

  @Test
  void aDatabaseThatIsAwayEndsNothing() {
    BatchWatch away = new BatchWatch(
        id -> {
          throw new IllegalStateException("away");
        },
        Duration.ofHours(1));
    Told told = new Told();
    away.watch(batch, told);
    away.look();
    assertEquals(List.of("open 0"), told.all());
    away.stop(new ShutdownEvent());
    assertEquals(List.of("open 0", "end"), told.all());
  }

  @Test
  void nobodyWatchesForEver() {
    BatchWatch brief = new BatchWatch(id -> batch, Duration.ZERO);
    Told told = new Told();
    brief.watch(batch, told);
    brief.look();
    assertEquals(List.of("open 0", "end"), told.all());
    brief.stop(new ShutdownEvent());
  }
}
