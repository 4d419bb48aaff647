package io.sallyport.decision;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict.Essential;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jboss.logging.Logger;

/**
 * The alarm of law 6: every permit that an essential flow keeps while the node is stale is counted at once, warned of
 * once a minute, and recorded as a fact for each device and flow when the database is back. Safe for any thread.
 */
@Singleton
final class EssentialUses {
  private static final Logger LOG = Logger.getLogger(EssentialUses.class);
  private static final Duration WARN_EVERY = Duration.ofMinutes(1);
  /** Device and flow pairs kept through an outage; further ones are counted by the metric alone. */
  private static final int MOST = 65_536;

  private record Key(UUID device, RequestedFlow flow, String owner) {}

  private record Tally(long count, Instant first, Instant last) {
    Tally plus(Tally other) {
      return new Tally(
          count + other.count,
          first.isBefore(other.first) ? first : other.first,
          last.isAfter(other.last) ? last : other.last);
    }
  }

  private final DecisionStore store;
  private final Counter counter;
  private final Map<Key, Tally> tallies = new ConcurrentHashMap<>();
  private final AtomicLong warnedSecond = new AtomicLong(Long.MIN_VALUE);

  EssentialUses(DecisionStore store, MeterRegistry metrics) {
    this.store = store;
    this.counter = Counter.builder("sallyport.essential.permits")
        .description(
            "Permits that an essential flow kept while this node was not confirmed current")
        .register(metrics);
  }

  void used(UUID device, RequestedFlow flow, Essential essential, Instant at) {
    counter.increment();
    Key key = new Key(device, flow, essential.owner());
    if (tallies.size() < MOST || tallies.containsKey(key)) {
      tallies.merge(key, new Tally(1, at, at), Tally::plus);
    }
    long before = warnedSecond.get();
    long second = at.getEpochSecond();
    if (before <= second - WARN_EVERY.toSeconds() && warnedSecond.compareAndSet(before, second)) {
      LOG.warnf(
          "Stale, yet permitting essential flows: %s to %s %s/%d, owner %s",
          device, flow.peer(), flow.protocol(), flow.port(), essential.owner());
    }
  }

  /** Records what was used since the last time; throws what the database throws, and then keeps everything. */
  void flush() {
    if (tallies.isEmpty()) {
      return;
    }
    Map<Key, Tally> taken = new ConcurrentHashMap<>();
    for (Key key : List.copyOf(tallies.keySet())) {
      Tally tally = tallies.remove(key);
      if (tally != null) {
        taken.put(key, tally);
      }
    }
    List<EssentialUse> uses = new ArrayList<>();
    taken.forEach((key, tally) -> uses.add(
        new EssentialUse(key.device, key.flow, key.owner, tally.count, tally.first, tally.last)));
    try {
      store.essential(uses);
    } catch (RuntimeException e) {
      taken.forEach((key, tally) -> tallies.merge(key, tally, Tally::plus));
      throw e;
    }
  }
}
