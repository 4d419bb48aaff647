package io.sallyport.decision;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.decision.ObservationStore.Key;
import io.sallyport.decision.ObservationStore.Seen;
import io.sallyport.decision.Observations.Missed;
import io.sallyport.kernel.IpPrefix;
import io.sallyport.kernel.Outage;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict.Observed;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jboss.logging.Logger;

/** Counts what is let be because a document observes, and writes the sums down behind the answers. Safe for any thread. */
@Singleton
final class ObservedFlows {
  private static final Logger LOG = Logger.getLogger(ObservedFlows.class);
  private static final long EVERY_MILLIS = 1000;
  /** Sums that wait to be written; what is over is counted as missed. */
  static final int MOST_WAITING = 4096;

  private static final int LONGEST_REASON = 500;
  /** How often it is tried without an outage of the database; what never goes in must not take the room for ever. */
  private static final int ATTEMPTS = 10;

  private final ObservationStore store;
  private final Counter permits;
  private final Counter missing;
  private final Map<Key, Sum> waiting = new ConcurrentHashMap<>();
  /** How many of those that wait each device began. */
  private final Map<UUID, Integer> begun = new ConcurrentHashMap<>();

  private final Map<String, Missed> missed = new ConcurrentHashMap<>();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
      Thread.ofPlatform().daemon().name("observations").factory());
  /** Writes in a row that failed. */
  private int failures;

  ObservedFlows(ObservationStore store, MeterRegistry metrics) {
    this.store = store;
    this.permits = Counter.builder("sallyport.observed.permits")
        .description("Permits given only because a policy or a segment is in observe mode")
        .register(metrics);
    this.missing = Counter.builder("sallyport.observed.missed")
        .description("Of those the ones that had no room to be recorded")
        .register(metrics);
  }

  /** Changed only while its place in the map is held. */
  private static final class Sum {
    private final SequencedSet<UUID> devices = new LinkedHashSet<>();
    private Instant first;
    private String reason = "";
    private Instant last;
    private long uses;

    Sum(Instant first) {
      this.first = first;
      this.last = first;
    }

    Sum plus(UUID device, String why, Instant at) {
      uses++;
      reason = why;
      last = at.isAfter(last) ? at : last;
      if (devices.size() < Observations.MOST_DEVICES) {
        devices.add(device);
      }
      return this;
    }

    /** What was seen before this, or meanwhile. */
    Sum plus(Seen seen) {
      uses += seen.uses();
      reason = reason.isEmpty() ? seen.reason() : reason;
      first = seen.first().isBefore(first) ? seen.first() : first;
      last = seen.last().isAfter(last) ? seen.last() : last;
      for (UUID device : seen.devices()) {
        if (devices.size() < Observations.MOST_DEVICES) {
          devices.add(device);
        }
      }
      return this;
    }

    UUID beginner() {
      return devices.getFirst();
    }

    Seen seen(Key key) {
      return new Seen(key, reason, uses, first, last, List.copyOf(devices));
    }
  }

  void start(@Observes @Priority(FleetFollower.PRIORITY) StartupEvent event) {
    timer.scheduleWithFixedDelay(this::write, EVERY_MILLIS, EVERY_MILLIS, TimeUnit.MILLISECONDS);
  }

  void stop(@Observes ShutdownEvent event) {
    timer.shutdown();
    try {
      if (timer.awaitTermination(2, TimeUnit.SECONDS)) {
        write();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Once for each document that lets the flow be. */
  void seen(UUID device, String profile, RequestedFlow flow, List<Observed> observed, Instant at) {
    permits.increment();
    RequestedFlow one = canonical(flow);
    String last = null;
    for (Observed each : observed) {
      if (!each.document().equals(last)) {
        last = each.document();
        add(new Key(last, profile, one), device, each.reason(), at);
      }
    }
  }

  private void add(Key key, UUID device, String reason, Instant at) {
    String why = reason.length() > LONGEST_REASON ? reason.substring(0, LONGEST_REASON) : reason;
    if (!add(key, device, at, sum -> sum.plus(device, why, at))) {
      miss(new Missed(key.document(), 1, at));
    }
  }

  /** Whether there was room. */
  private boolean add(Key key, UUID device, Instant first, UnaryOperator<Sum> more) {
    return waiting.compute(key, (k, sum) -> {
          if (sum != null) {
            return more.apply(sum);
          }
          return begins(device) ? more.apply(new Sum(first)) : null;
        })
        != null;
  }

  /** Whether a device may begin another sum, which is counted until that is taken out. */
  private boolean begins(UUID device) {
    if (waiting.size() >= MOST_WAITING) {
      return false;
    }
    if (begun.merge(device, 1, Integer::sum) <= Observations.MOST_OF_DEVICE) {
      return true;
    }
    ended(device);
    return false;
  }

  private void ended(UUID device) {
    begun.computeIfPresent(device, (d, many) -> many > 1 ? many - 1 : null);
  }

  private void miss(Missed one) {
    missing.increment(one.uses());
    missed.merge(one.document(), one, Missed::plus);
  }

  /** An address in one spelling, a name in lower case: as policies compare them. */
  private static RequestedFlow canonical(RequestedFlow flow) {
    IpPrefix address = IpPrefix.parseAddress(flow.peer());
    return new RequestedFlow(
        address == null ? flow.peer().toLowerCase(Locale.ROOT) : address.address(),
        flow.protocol(),
        flow.port(),
        flow.direction());
  }

  /** Writes the sums. What could not be written waits on with the others, as far as there is room. For one thread at a time. */
  void write() {
    List<Seen> seen = new ArrayList<>();
    for (Key key : List.copyOf(waiting.keySet())) {
      Sum sum = waiting.remove(key);
      if (sum != null) {
        ended(sum.beginner());
        seen.add(sum.seen(key));
      }
    }
    List<Missed> over = new ArrayList<>();
    for (String document : List.copyOf(missed.keySet())) {
      Missed one = missed.remove(document);
      if (one != null) {
        over.add(one);
      }
    }
    if (seen.isEmpty() && over.isEmpty()) {
      return;
    }
    try {
      store.add(seen, over);
      failures = 0;
    } catch (RuntimeException e) {
      failed(seen, over, e);
    }
  }

  private void failed(List<Seen> seen, List<Missed> over, RuntimeException cause) {
    over.forEach(one -> missed.merge(one.document(), one, Missed::plus));
    failures++;
    if (failures == 1) {
      LOG.warnf(cause, "%d observed flows could not be recorded; trying again", seen.size());
    }
    boolean isGivenUp = failures >= ATTEMPTS && !Outage.caused(cause);
    if (isGivenUp) {
      LOG.errorf(
          cause,
          "%d observed flows are counted as missed after %d attempts to record them",
          seen.size(),
          failures);
      failures = 0;
    }
    for (Seen one : seen) {
      UUID beginner = one.devices().getFirst();
      if (isGivenUp || !add(one.key(), beginner, one.first(), sum -> sum.plus(one))) {
        miss(new Missed(one.key().document(), one.uses(), one.last()));
      }
    }
  }
}
