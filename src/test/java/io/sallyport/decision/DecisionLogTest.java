package io.sallyport.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Ids;
import io.sallyport.policy.PolicySet;
import io.sallyport.policy.Question.Place;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict.Effect;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of decisions while the database does not take them. */
class DecisionLogTest {
  private static final RequestedFlow VIDEO = new RequestedFlow("vms.plant.example", "tcp", 8554);
  private static final UUID NOBODY = new UUID(1, 2);

  @TempDir
  Path folder;

  private final DrivenClock clock = new DrivenClock(Instant.parse("2026-11-22T10:00:00Z"));
  private final Ids ids = new Ids(clock, new SecureRandom());
  private final FakeStore store = new FakeStore();

  /** One life of a node. */
  private final class Node {
    final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    final Fleet fleet = new Fleet();
    final DecisionLog log;
    final DecisionPoint decisions;

    Node(DecisionSettings settings) {
      log = new DecisionLog(store, settings, ids, metrics);
      decisions = new FleetDecisionPoint(
          fleet,
          new EssentialUses(store, metrics),
          new ObservedFlows((seen, missed) -> {}, metrics),
          new CanaryCounts(new NoCanaries()),
          log,
          settings,
          clock,
          ids,
          metrics);
      fleet.putPolicies(PolicySet.compile(List.of()));
      fleet.confirm(clock.instant());
      log.open();
    }

    List<UUID> decide(int times) {
      List<UUID> made = new ArrayList<>();
      for (int i = 0; i < times; i++) {
        made.add(decisions.decide(NOBODY, VIDEO).id());
      }
      return made;
    }

    double counted(String meter) {
      return metrics.counter(meter).count();
    }
  }

  private List<UUID> logged() {
    return store.batches.stream().flatMap(List::stream).map(DecisionRow::id).toList();
  }

  @Test
  void whatIsSpilledThroughAnOutageIsReadBackInOrderAfterTheNodeWasKilled() {
    List<UUID> made = new ArrayList<>();
    Node first = new Node(TestDecisionSettings.spilling(folder, 64));
    store.away = true;
    made.addAll(first.decide(5));
    first.log.write();
    made.addAll(first.decide(3000));
    first.log.relieve();
    made.addAll(first.decide(1));
    first.log.relieve();
    assertEquals(3006, first.counted("sallyport.decisions.spilled"));
    // What a kill leaves: the files, and nothing of what was in memory.
    first.decide(2);
    first.log.close();

    Node second = new Node(TestDecisionSettings.spilling(folder, 64));
    made.addAll(second.decide(4));
    store.away = false;
    second.log.write();

    assertEquals(made, logged());
    assertEquals(0, first.counted("sallyport.decisions.dropped"));
    second.log.close();
    Node third = new Node(TestDecisionSettings.spilling(folder, 64));
    third.log.write();
    assertEquals(made, logged(), "nothing is left");
    third.log.close();
  }

  @Test
  void aDatabaseThatIsOnlySlowFillsFilesBeforeMemoryIsFull() {
    Node node = new Node(TestDecisionSettings.spilling(folder, 64));
    List<UUID> made = new ArrayList<>(node.decide(DecisionLog.CAPACITY / 2));
    node.log.relieve();
    assertEquals(0, node.counted("sallyport.decisions.spilled"));
    made.addAll(node.decide(1000));
    node.log.relieve();
    assertTrue(node.counted("sallyport.decisions.spilled") > DecisionLog.CAPACITY / 4.0 / 2);
    made.addAll(node.decide(1000));
    node.log.write();
    assertEquals(made, logged());
    node.log.close();
  }

  @Test
  void beyondItsBoundASpillLosesAndSaysHowMuch() {
    Node node = new Node(TestDecisionSettings.spilling(folder, 1));
    store.away = true;
    int made = 0;
    for (int i = 0; i < 40; i++) {
      made += node.decide(4000).size();
      node.log.write();
      node.log.relieve();
    }
    store.away = false;
    node.log.write();
    assertTrue(node.counted("sallyport.decisions.dropped") > 0);
    assertEquals(made, logged().size() + node.counted("sallyport.decisions.dropped"));
    assertEquals(logged().stream().distinct().count(), logged().size());
    node.log.close();
  }

  @Test
  void aLogThatBlocksGivesNoAnswerUnlogged() {
    Node node = new Node(TestDecisionSettings.blocking(Duration.ofMillis(50)));
    store.away = true;
    List<UUID> made = node.decide(DecisionLog.CAPACITY);
    node.log.write();
    // A batch is out of the queue, and tried again.
    made = new ArrayList<>(made);
    made.addAll(node.decide(4096));
    long begin = System.nanoTime();
    for (int i = 0; i < 1000; i++) {
      Decision refused = node.decisions.decide(NOBODY, VIDEO);
      assertEquals(Effect.INDETERMINATE, refused.verdict().effect());
      assertTrue(refused.reasons().getFirst().startsWith("unlogged: "));
      assertTrue(refused.isProvisional() && !refused.permit());
    }
    Duration took = Duration.ofNanos(System.nanoTime() - begin);
    // One after the other would be 50 s.
    assertTrue(took.compareTo(Duration.ofSeconds(10)) < 0, "took " + took);
    assertEquals(
        1000, node.metrics.counter("sallyport.decisions", "outcome", "unlogged").count());
    store.away = false;
    node.log.write();
    assertEquals(made, logged());
    assertFalse(node.decisions.decide(NOBODY, VIDEO).reasons().getFirst().startsWith("unlogged"));
    assertEquals(0, node.counted("sallyport.decisions.dropped"));
  }

  @Test
  void whatCannotBeWrittenDownIsCountedAndTakesNobodyWithIt() {
    Node node = new Node(TestDecisionSettings.spilling(folder, 64));
    List<UUID> made = node.decide(2);
    Decision whole = node.decisions.decide(NOBODY, VIDEO);
    Decision without =
        new Decision(ids.next(), NOBODY, false, List.of(), whole.verdict(), null, null);
    node.log.add(
        new Answered(without, null, VIDEO, Place.UNKNOWN, clock.instant(), Actor.SERVER, null));
    List<UUID> more = node.decide(2);
    node.log.write();
    assertEquals(
        Stream.of(made, List.of(whole.id()), more).flatMap(List::stream).toList(), logged());
    assertEquals(1, node.counted("sallyport.decisions.dropped"));
    node.log.close();
  }

  @Test
  void anAnswerThatWaitsIsGivenWhenThereIsRoom() {
    Node node = new Node(TestDecisionSettings.blocking(Duration.ofSeconds(30)));
    List<UUID> made = new ArrayList<>(node.decide(DecisionLog.CAPACITY));
    CompletableFuture<Decision> waiting =
        CompletableFuture.supplyAsync(() -> node.decisions.decide(NOBODY, VIDEO));
    node.log.write();
    Decision given = waiting.join();
    node.log.write();
    assertTrue(given.reasons().getFirst().startsWith("unknown device"), given::toString);
    made.add(given.id());
    assertEquals(made, logged());
  }
}
