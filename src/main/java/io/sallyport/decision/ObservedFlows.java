package io.sallyport.decision;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.decision.ObservationStore.Key;
import io.sallyport.decision.ObservationStore.Seen;
import io.sallyport.decision.Observations.Missed;
import io.sallyport.kernel.IpPrefix;
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
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/** Counts what is let be because a document observes, and writes the sums down behind the answers. Safe for any thread. */
@Singleton
final class ObservedFlows {
  private static final Logger LOG = Logger.getLogger(ObservedFlows.class);
  private static final long EVERY_MILLIS = 1000;
  /** Sums that wait to be written; what is over is counted as missed. */
  static final int MOST_WAITING = 4096;

  private static final int LONGEST_REASON = 500;

  private final ObservationStore store;
  private final Counter permits;
  private final Counter missing;
  private final Map<Key, Sum> waiting = new ConcurrentHashMap<>();
  /** How many of those that wait each device began. */
  private final Map<UUID, Integer> begun = new ConcurrentHashMap<>();

  private final Map<String, Missed> missed = new ConcurrentHashMap<>();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
      Thread.ofPlatform().daemon().name("observations").factory());
  private boolean failing;

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
    private final Set<UUID> devices = new LinkedHashSet<>();
    private final Instant first;
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
    if (!waiting.containsKey(key) && !hasRoom(device)) {
      missing.increment();
      missed.merge(key.document(), new Missed(key.document(), 1, at), ObservedFlows::together);
      return;
    }
    String why = reason.length() > LONGEST_REASON ? reason.substring(0, LONGEST_REASON) : reason;
    waiting.compute(key, (k, sum) -> (sum == null ? new Sum(at) : sum).plus(device, why, at));
  }

  /** Whether a device may begin another sum. */
  private boolean hasRoom(UUID device) {
    return waiting.size() < MOST_WAITING
        && begun.merge(device, 1, Integer::sum) <= Observations.MOST_OF_DEVICE;
  }

  private static Missed together(Missed one, Missed other) {
    return new Missed(
        one.document(),
        one.uses() + other.uses(),
        one.last().isAfter(other.last()) ? one.last() : other.last());
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

  /** Writes the sums; what cannot be written is counted as missed, since it would be kept for ever otherwise. */
  void write() {
    begun.clear();
    List<Seen> seen = new ArrayList<>();
    for (Key key : List.copyOf(waiting.keySet())) {
      Sum sum = waiting.remove(key);
      if (sum != null) {
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
      failing = false;
    } catch (RuntimeException e) {
      if (!failing) {
        LOG.warnf(
            e, "%d observed flows could not be recorded and are counted as missed", seen.size());
      }
      failing = true;
      over.forEach(one -> missed.merge(one.document(), one, ObservedFlows::together));
      for (Seen one : seen) {
        missing.increment(one.uses());
        String document = one.key().document();
        missed.merge(
            document, new Missed(document, one.uses(), one.last()), ObservedFlows::together);
      }
    }
  }
}
