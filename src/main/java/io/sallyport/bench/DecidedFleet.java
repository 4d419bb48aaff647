package io.sallyport.bench;

import io.sallyport.decision.DecisionPoint;
import io.sallyport.decision.Rehearsal;
import io.sallyport.decision.Rehearsal.Comparison;
import io.sallyport.kernel.Actor;
import io.sallyport.policy.PolicyVersions;
import io.sallyport.policy.Question.RequestedFlow;
import jakarta.inject.Singleton;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Decisions about {@link DecisionFleet}, small and then large, measured once for several figures. Used by one thread. */
@Singleton
final class DecidedFleet {
  private static final Duration WARM_UP = Duration.ofSeconds(3);
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  /** A machine's speed changes within a minute: both are measured in each of its moods. */
  private static final int TURNS = 3;

  private static final Duration RECENT = Duration.ofSeconds(1);
  private static final Actor ASKER = Actor.enforcementPoint("bench");
  /** Flows are made beforehand, as many as there are policies. */
  private static final int FLOWS = DecisionFleet.MANY_POLICIES;

  private static final int LATENCIES = 1 << 20;
  private static final double NANOS_IN_MICRO = 1e3;
  private static final double LEAST_PERMITS = 0.99;

  private final DecisionFleet fleet;
  private final DecisionFront front;
  private final DecisionPoint decisions;
  private final PolicyVersions versions;
  private final Rehearsal rehearsal;
  private final BenchSettings settings;
  private @Nullable Measured measured;
  private @Nullable Planned planned;
  private final Map<Integer, DecisionFront.Rates> fronted = new HashMap<>();

  DecidedFleet(
      DecisionFleet fleet,
      DecisionFront front,
      DecisionPoint decisions,
      PolicyVersions versions,
      Rehearsal rehearsal,
      BenchSettings settings) {
    this.fleet = fleet;
    this.front = front;
    this.decisions = decisions;
    this.versions = versions;
    this.rehearsal = rehearsal;
    this.settings = settings;
  }

  /**
   * What came of planning for {@link DecisionFleet#PLANNED} devices.
   *
   * @param seconds to say what other policies would change for each of them
   * @param deciding seconds for twice as many decisions
   */
  record Planned(double seconds, double deciding) {}

  /**
   * What was found.
   *
   * @param small decisions a second on one thread, of the small fleet
   * @param one answers over the front about the small fleet, of one decision
   * @param hundred the same of a hundred decisions
   * @param large the same of the large one
   * @param bare readings of an array a second, at the same places
   * @param worst microseconds within which 99 of 100 decisions of the large fleet are made
   * @param clock the same for reading the clock twice
   * @param seconds to load the large fleet
   * @param reading seconds to read its rows alone
   * @param heap octets that the large fleet takes more than the small one
   */
  record Measured(
      double small,
      DecisionFront.Rates one,
      DecisionFront.Rates hundred,
      double large,
      double bare,
      double worst,
      double clock,
      double seconds,
      double reading,
      long heap) {}

  Measured measured() throws Exception {
    if (measured == null) {
      fleet.fill(DecisionFleet.SMALL, DecisionFleet.FEW_POLICIES);
      fleet.load();
      awaitCurrent();
      RequestedFlow[] few = flows(DecisionFleet::peerOfFew);
      rate(DecisionFleet.SMALL, few, WARM_UP);
      double small = rate(DecisionFleet.SMALL, few, settings.benchTime());
      DecisionFront.Rates one = front.rates(1, DecisionFleet.SMALL, DecisionFleet::peerOfFew);
      DecisionFront.Rates hundred = front.rates(100, DecisionFleet.SMALL, DecisionFleet::peerOfFew);
      long before = used();
      planned();
      fleet.fill(DecisionFleet.MILLION, DecisionFleet.MANY_POLICIES);
      double seconds = fleet.load();
      awaitCurrent();
      long heap = used() - before;
      int all = fleet.size();
      RequestedFlow[] flows = flows();
      rate(all, flows, WARM_UP);
      double large = rate(all, flows, settings.benchTime());
      measured = new Measured(
          small,
          one,
          hundred,
          large,
          bare(all),
          worst(all, flows, true),
          worst(all, flows, false),
          seconds,
          fleet.read(),
          heap);
    }
    return measured;
  }

  /**
   * Answers over the front about the large fleet.
   *
   * @param items decisions in each
   */
  DecisionFront.Rates fronted(int items) throws Exception {
    measured();
    DecisionFront.Rates known = fronted.get(items);
    if (known == null) {
      known = front.rates(items, fleet.size(), DecisionFleet::peer);
      fronted.put(items, known);
    }
    return known;
  }

  /** Of the fleet as it is before it grows to a million, so the first to be measured when it is measured at all. */
  Planned planned() throws Exception {
    if (planned == null) {
      fleet.fill(DecisionFleet.PLANNED, DecisionFleet.MANY_POLICIES);
      fleet.load();
      awaitCurrent();
      RequestedFlow[] flows = flows();
      rate(DecisionFleet.PLANNED, flows, WARM_UP);
      Duration turn = settings.benchTime().dividedBy(TURNS);
      double seconds = 0;
      double deciding = 0;
      for (int i = 0; i < TURNS; i++) {
        seconds += plan() / TURNS;
        deciding += 2 * DecisionFleet.PLANNED / rate(DecisionFleet.PLANNED, flows, turn) / TURNS;
      }
      planned = new Planned(seconds, deciding);
    }
    return planned;
  }

  /** As the API makes one: from the documents to the last of the differences. */
  private double plan() {
    String documents = DecisionFleet.candidate();
    long start = System.nanoTime();
    PolicyVersions.Planned act = versions.plan(documents, false);
    Comparison found = rehearsal.compare(act.candidate(), Set.of());
    double seconds = (System.nanoTime() - start) / 1e9;
    if (!found.base().equals(act.outcome().replaced())
        || found.devices() < DecisionFleet.PLANNED
        || found.losing() != DecisionFleet.PLANNED / 10) {
      throw new IllegalStateException(found.losing() + " of " + found.devices()
          + " devices would lose a port; compared with " + found.base() + " instead of "
          + act.outcome().replaced());
    }
    return seconds;
  }

  /** After a load the node is as current as its beginning, until the feed says more. */
  private void awaitCurrent() {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (decisions.lag().compareTo(RECENT) > 0) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException("the node was not confirmed current in time");
      }
      LockSupport.parkNanos(this, RECENT.toNanos() / 10);
    }
  }

  static RequestedFlow[] flows() {
    return flows(DecisionFleet::peer);
  }

  private static RequestedFlow[] flows(IntFunction<String> peer) {
    RequestedFlow[] flows = new RequestedFlow[FLOWS];
    for (int i = 0; i < FLOWS; i++) {
      flows[i] = new RequestedFlow(peer.apply(i), "tcp", 8554);
    }
    return flows;
  }

  /** On this thread, of devices here and there. */
  private double rate(int devices, RequestedFlow[] flows, Duration time) {
    SplittableRandom random = new SplittableRandom(1);
    long start = System.nanoTime();
    long end = start + time.toNanos();
    long done = 0;
    long permits = 0;
    do {
      for (int i = 0; i < 256; i++) {
        int number = random.nextInt(devices);
        if (decisions
            .decide(DecisionFleet.device(number), flows[number % FLOWS], ASKER)
            .permit()) {
          permits++;
        }
      }
      done += 256;
    } while (System.nanoTime() < end);
    // A node that was held up for longer than it may be denies until it is current again.
    if (permits < done * LEAST_PERMITS) {
      throw new IllegalStateException(permits + " of " + done + " decisions permit");
    }
    return done * 1e9 / (System.nanoTime() - start);
  }

  private double bare(int devices) {
    long[] array = new long[devices];
    Arrays.setAll(array, i -> i);
    SplittableRandom random = new SplittableRandom(1);
    long start = System.nanoTime();
    long end = start + settings.benchTime().toNanos();
    long done = 0;
    long sum = 0;
    do {
      for (int i = 0; i < 256; i++) {
        sum += array[random.nextInt(devices)];
      }
      done += 256;
    } while (System.nanoTime() < end);
    if (sum == 0) {
      throw new IllegalStateException("nothing was read");
    }
    return done * 1e9 / (System.nanoTime() - start);
  }

  private double worst(int devices, RequestedFlow[] flows, boolean deciding) {
    SplittableRandom random = new SplittableRandom(1);
    int[] nanos = new int[LATENCIES];
    for (int i = 0; i < LATENCIES; i++) {
      int number = random.nextInt(devices);
      long start = System.nanoTime();
      if (deciding) {
        decisions.decide(DecisionFleet.device(number), flows[number % FLOWS], ASKER);
      }
      nanos[i] = (int) Math.min(System.nanoTime() - start, Integer.MAX_VALUE);
    }
    Arrays.sort(nanos);
    return nanos[(int) (LATENCIES * 0.99)] / NANOS_IN_MICRO;
  }

  private static long used() {
    System.gc();
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }
}
