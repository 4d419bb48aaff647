package io.sallyport.decision;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sallyport.devices.DeviceState;
import io.sallyport.events.Changes.Change;
import io.sallyport.kernel.Ids;
import io.sallyport.policy.PolicySet;
import io.sallyport.policy.Question.RequestedFlow;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.statistics.Statistics;

/**
 * Law 5: nothing is permitted longer than the bound after the commit that took it away, however long the feed is on its way,
 * whatever of it is lost, while the node stands still, the database is away, or something commits between a reading and what
 * is made of it.
 */
class FreshnessPropertyTest {
  private static final Instant START = Instant.parse("2026-11-22T10:00:00Z");
  private static final Duration BOUND = TestDecisionSettings.logging(1).confirmWithin();
  private static final RequestedFlow VIDEO = new RequestedFlow("vms.plant.example", "tcp", 8554);
  private static final int DEVICES = 3;
  private static final int STEPS = 60;
  /** The place of the policies in the history, behind the devices. */
  private static final int POLICIES = DEVICES;

  private static final PolicySet PERMITTING = PolicySet.compile(List.of("""
      apiVersion: sallyport.io/v1
      kind: AccessPolicy
      metadata: {name: cameras}
      spec:
        selector: {profile: camera}
        allow: [{peer: vms.plant.example, protocol: tcp, ports: [8554]}]
      """));
  private static final PolicySet EMPTY = PolicySet.compile(List.of());

  /** From an instant on, until the next one. */
  private record Since(Instant from, boolean permitted) {}

  /** What the feed read: all that was committed before {@code at}. */
  private record Read(int changes, Instant at) {}

  /** One node, and what was committed when. */
  private static final class World {
    final SplittableRandom random;
    final DrivenClock clock = new DrivenClock(START);
    final FakeFleet database = new FakeFleet(PERMITTING);
    final Fleet fleet = new Fleet();
    final FleetKeeper keeper = new FleetKeeper(fleet, database, new OwnFacts(), clock);
    final Deque<Read> underway = new ArrayDeque<>();
    final List<List<Since>> history = new ArrayList<>();
    final StringBuilder told = new StringBuilder();
    final DecisionPoint decisions;
    int given;

    World(long seed) {
      random = new SplittableRandom(seed);
      SimpleMeterRegistry metrics = new SimpleMeterRegistry();
      FakeStore store = new FakeStore();
      Ids ids = new Ids(clock, new SecureRandom());
      DecisionSettings settings = TestDecisionSettings.logging(0);
      decisions = new FleetDecisionPoint(
          fleet,
          new EssentialUses(store, metrics),
          new ObservedFlows((seen, missed) -> {}, metrics),
          new CanaryCounts(new NoCanaries()),
          new DecisionLog(store, settings, ids, metrics),
          settings,
          clock,
          ids,
          metrics);
      for (int i = 0; i <= POLICIES; i++) {
        history.add(new ArrayList<>());
      }
      note(POLICIES, true);
      for (int i = 0; i < DEVICES; i++) {
        device(i, true);
      }
      given = Math.toIntExact(keeper.load());
    }

    static UUID id(int device) {
      return new UUID(1, device);
    }

    void device(int device, boolean permitted) {
      tell("device " + device + " " + permitted);
      database.commit(
          id(device),
          FakeFleet.device(
              id(device), permitted ? DeviceState.ACTIVE : DeviceState.QUARANTINED, START, null));
      note(device, permitted);
    }

    void policy(boolean permitted) {
      tell("policy " + permitted);
      database.policies = permitted ? PERMITTING : EMPTY;
      int position = database.feed.size() + 1;
      database.feed.add(
          new Change(position, new UUID(0, position), "policy.applied", "policy", "cameras"));
      note(POLICIES, permitted);
    }

    void tell(String what) {
      told.append(Duration.between(START, clock.instant()).toMillis())
          .append(' ')
          .append(what)
          .append('\n');
    }

    void note(int part, boolean permitted) {
      history.get(part).add(new Since(clock.instant(), permitted));
    }

    /** Whether that part of what a permit stands on was so at any time within the bound. */
    boolean wasPermitted(int part) {
      Instant oldest = clock.instant().minus(BOUND);
      List<Since> times = history.get(part);
      for (int i = 0; i < times.size(); i++) {
        boolean overBefore = i + 1 < times.size() && times.get(i + 1).from().isBefore(oldest);
        if (times.get(i).permitted() && !overBefore) {
          return true;
        }
      }
      return false;
    }

    void step() {
      switch (random.nextInt(9)) {
        case 0 -> clock.advance(Duration.ofMillis(random.nextInt(300)));
        case 1 -> clock.advance(Duration.ofMillis(random.nextInt(7_000)));
        case 2 -> device(random.nextInt(DEVICES), random.nextBoolean());
        case 3 -> policy(random.nextInt(3) > 0);
        case 4 -> {
          tell("read " + database.feed.size());
          underway.add(new Read(database.feed.size(), clock.instant()));
        }
        case 5, 6 -> deliver();
        case 7 -> {
          if (random.nextInt(4) == 0) {
            tell("lost");
            underway.clear();
          } else {
            database.away = random.nextInt(3) == 0;
            tell("away " + database.away);
            keeper.retry();
          }
        }
        default -> {
          int device = random.nextInt(DEVICES);
          boolean permitted = random.nextBoolean();
          database.afterReading = () -> {
            database.afterReading = () -> {};
            device(device, permitted);
          };
        }
      }
    }

    void deliver() {
      Read read = underway.poll();
      if (read == null) {
        return;
      }
      tell("given " + given + " to " + read.changes + " of " + read.at);
      if (read.changes > given) {
        keeper.changed(List.copyOf(database.feed.subList(given, read.changes)));
        given = read.changes;
      }
      keeper.confirmed(read.at);
    }
  }

  @Property(tries = 3000)
  void nothingIsPermittedLongerThanTheBoundAfterItWasTakenAway(@ForAll long seed) {
    World world = new World(seed);
    for (int i = 0; i < STEPS; i++) {
      world.step();
      for (int device = 0; device < DEVICES; device++) {
        int number = device;
        boolean permit = world.decisions.decide(World.id(device), VIDEO).permit();
        assertTrue(
            !permit || world.wasPermitted(number) && world.wasPermitted(POLICIES),
            () -> "device " + number + "\n" + world.told);
        Statistics.label("permitted").collect(permit);
      }
    }
    Statistics.label("permitted")
        .coverage(seen -> seen.check(true).percentage(share -> share > 10));
  }
}
