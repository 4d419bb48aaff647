package io.sallyport.decision;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.policy.CanaryPolicies;
import io.sallyport.policy.PolicyCanaries;
import io.sallyport.policy.PolicyCanaries.Side;
import io.sallyport.policy.Question;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jboss.logging.Logger;

/**
 * Counts what each side of a canary decides, and asks the other side too of a share of it, behind the answers. Also has a
 * canary whose time is over recorded as that. Safe for any thread.
 */
@Singleton
final class CanaryCounts {
  private static final Logger LOG = Logger.getLogger(CanaryCounts.class);
  private static final long EVERY_MILLIS = 1000;
  /** Of the decisions one in so many is compared; what the queue has no room for is not. */
  private static final int COMPARED = 16;

  private static final int MOST_WAITING = 1024;

  private final PolicyCanaries canaries;
  private final Map<Long, List<Tally>> tallies = new ConcurrentHashMap<>();
  private final ThreadPoolExecutor comparing = new ThreadPoolExecutor(
      1,
      1,
      0,
      TimeUnit.SECONDS,
      new ArrayBlockingQueue<>(MOST_WAITING),
      Thread.ofPlatform().daemon().name("canary-comparing").factory(),
      new ThreadPoolExecutor.DiscardPolicy());
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
      Thread.ofPlatform().daemon().name("canary-counts").factory());
  private boolean failing;

  CanaryCounts(PolicyCanaries canaries) {
    this.canaries = canaries;
  }

  private static final class Tally {
    private final LongAdder permits = new LongAdder();
    private final LongAdder denials = new LongAdder();
    private final LongAdder compared = new LongAdder();
    private final LongAdder differing = new LongAdder();

    Side taken(boolean candidate) {
      return new Side(
          candidate,
          permits.sumThenReset(),
          denials.sumThenReset(),
          compared.sumThenReset(),
          differing.sumThenReset());
    }

    void back(Side side) {
      permits.add(side.permits());
      denials.add(side.denials());
      compared.add(side.compared());
      differing.add(side.differing());
    }
  }

  void start(@Observes @Priority(FleetFollower.PRIORITY) StartupEvent event) {
    timer.scheduleWithFixedDelay(this::write, EVERY_MILLIS, EVERY_MILLIS, TimeUnit.MILLISECONDS);
  }

  void stop(@Observes ShutdownEvent event) {
    timer.shutdownNow();
    comparing.shutdownNow();
  }

  /** @param random any bits, by which it is told whether this is compared */
  void decided(CanaryPolicies canary, Question question, boolean permit, long random) {
    if (canary.isOver(question.time())) {
      return;
    }
    Tally tally = tallies
        .computeIfAbsent(canary.number(), number -> List.of(new Tally(), new Tally()))
        .get(canary.tries(question) ? 1 : 0);
    (permit ? tally.permits : tally.denials).increment();
    if (Long.remainderUnsigned(random, COMPARED) == 0) {
      comparing.execute(() -> {
        boolean other = canary.other(question).permit();
        tally.compared.increment();
        if (other != permit) {
          tally.differing.increment();
        }
      });
    }
  }

  private void write() {
    try {
      canaries.expire();
      for (Map.Entry<Long, List<Tally>> each : tallies.entrySet()) {
        write(each.getKey(), each.getValue());
      }
      failing = false;
    } catch (RuntimeException e) {
      if (!failing) {
        LOG.warnf("What a canary decided could not be recorded; trying on: %s", e.getMessage());
      }
      failing = true;
    }
  }

  private void write(long canary, List<Tally> both) {
    List<Side> sides = List.of(both.get(0).taken(false), both.get(1).taken(true));
    if (sides.stream().allMatch(side -> side.equals(new Side(side.candidate(), 0, 0, 0, 0)))) {
      return;
    }
    try {
      canaries.count(canary, sides);
    } catch (RuntimeException e) {
      both.get(0).back(sides.get(0));
      both.get(1).back(sides.get(1));
      throw e;
    }
  }
}
