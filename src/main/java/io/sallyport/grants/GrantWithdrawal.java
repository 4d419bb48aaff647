package io.sallyport.grants;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.audit.AuditLog;
import io.sallyport.audit.LogEntry;
import io.sallyport.decision.Concern;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.events.Changes;
import io.sallyport.events.Changes.Change;
import io.sallyport.events.Changes.Following;
import io.sallyport.grants.DecidedGrants.Judgement;
import io.sallyport.grants.Grants.LiveGrant;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Page;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/**
 * Writes down that a grant is over before its time: its device may no longer connect, or policy no longer allows one of
 * its flows. One node does it at a time. Whoever asks for live grants is answered by the decision in memory before that;
 * this makes sure that what was once over does not come back.
 */
@Singleton
final class GrantWithdrawal implements Changes.Follower {
  /** After the fleet is in memory. */
  static final int START = 2700;

  /** The name under which the position is kept. */
  static final String JOB = "grants";

  /** Devices whose grants are read together. */
  private static final int TOGETHER = 64;

  private static final Duration RECORDED_WITHIN = Duration.ofSeconds(5);
  private static final long PAUSE_NANOS = 5_000_000;
  private static final long LONGEST_WAIT_NANOS = 5_000_000_000L;
  /** These end every grant that there was, even when the device is released before this looks. */
  private static final Set<String> TAKE_ALL =
      Set.of("device.quarantined", "device.suspended", "device.decommissioned");

  /** These take nothing away from anybody: a device that was expected so far never had a grant. */
  private static final Set<String> HARMLESS = Set.of("certificate.issued", "device.activated");

  /** Ends every grant on that certificate, even when it is released before this looks. */
  private static final String HELD = "certificate.held";

  private final Changes changes;
  private final AuditLog log;
  private final DecisionPoint decisions;
  private final GrantStore store;
  private final DecidedGrants grants;
  private final Clock clock;
  /** Law 5: a node that is further behind grants nothing; then the time that it takes to record a grant. */
  private final Duration lateness;

  /** Devices to look at again. */
  private final Set<UUID> doubtful = new HashSet<>();

  /** Since when they could not be read: law 5 does not wait for that. */
  private final Map<UUID, Instant> unread = new HashMap<>();

  /** Devices that changed, and when to look at them once more. */
  private final Map<UUID, Instant> again = new HashMap<>();

  /** When to look at all once more; whoever did this before may have had to. */
  private @Nullable Instant allAgain;

  private @Nullable Following following;

  GrantWithdrawal(
      Changes changes,
      AuditLog log,
      DecisionPoint decisions,
      GrantStore store,
      DecidedGrants grants,
      Clock clock,
      @ConfigProperty(name = "sallyport.decision.confirm-within", defaultValue = "PT5S")
          Duration confirmWithin) {
    this.clock = clock;
    this.lateness = confirmWithin.plus(RECORDED_WITHIN);
    this.allAgain = clock.instant().plus(lateness);
    this.changes = changes;
    this.log = log;
    this.decisions = decisions;
    this.store = store;
    this.grants = grants;
  }

  void start(@Observes @Priority(START) StartupEvent event) {
    following = changes.followOnce(JOB, this);
  }

  void stop(@Observes ShutdownEvent event) {
    if (following != null) {
      following.close();
    }
  }

  @Override
  public void changed(List<Change> next) {
    awaitMemory(next.getLast().position());
    Set<UUID> devices = new LinkedHashSet<>();
    boolean everybody = false;
    for (Change change : next) {
      switch (Concern.of(change)) {
        case Concern.OfDevice(UUID device) -> {
          if (TAKE_ALL.contains(change.kind())) {
            withdrawAll(change, device);
          } else if (change.kind().equals(HELD)) {
            withdrawHeld(change, device);
          }
          if (!HARMLESS.contains(change.kind())) {
            devices.add(device);
          }
        }
        case Concern.OfAll _ -> everybody = true;
        case Concern.OfNobody _ -> {}
      }
    }
    Instant late = clock.instant().plus(lateness);
    if (everybody) {
      compareAll();
      allAgain = late;
    } else if (!devices.isEmpty()) {
      compareOf(devices);
      devices.forEach(device -> again.put(device, late));
    }
  }

  /**
   * Looks again at devices of which nothing could be said before; the others did not wait for them. And, when no node can be
   * behind any longer, at those that changed: one that was behind may have recorded a grant after this had looked.
   */
  @Override
  public void confirmed(Instant instant) {
    Set<UUID> unsure = Set.copyOf(doubtful);
    doubtful.clear();
    try {
      compareOf(unsure);
    } catch (RuntimeException e) {
      doubtful.addAll(unsure);
      throw e;
    }
    Instant now = clock.instant();
    if (allAgain != null && !now.isBefore(allAgain)) {
      compareAll();
      allAgain = null;
    }
    Set<UUID> due = again.entrySet().stream()
        .filter(device -> !now.isBefore(device.getValue()))
        .map(Map.Entry::getKey)
        .collect(Collectors.toSet());
    compareOf(due);
    again.keySet().removeAll(due);
  }

  /** Some together, since a device has one grant or none; one by one where they have many, each page of which is looked for in all. */
  private void compareOf(Set<UUID> devices) {
    List<UUID> all = List.copyOf(devices);
    for (int from = 0; from < all.size(); from += TOGETHER) {
      List<UUID> some = all.subList(from, Math.min(from + TOGETHER, all.size()));
      List<LiveGrant> first = store.openAfter(some, null, Page.MOST);
      if (first.size() < Page.MOST) {
        compare(first);
      } else {
        some.forEach(this::compareOf);
      }
    }
  }

  private void compareOf(UUID device) {
    List<LiveGrant> page = List.of();
    for (@Nullable LiveGrant last = null; ; last = page.getLast()) {
      page = store.openAfter(List.of(device), last, Page.MOST);
      compare(page);
      if (page.size() < Page.MOST) {
        return;
      }
    }
  }

  private void withdrawAll(Change change, UUID device) {
    List<LogEntry> entry = log.entries(change.position() - 1, 1).items();
    if (!entry.isEmpty()) {
      store.withdrawAll(device, entry.getFirst().at(), change.kind());
    }
  }

  private void withdrawHeld(Change change, UUID device) {
    for (LogEntry entry : log.entries(change.position() - 1, 1).items()) {
      String thumbprint = entry.detail().get("sha256");
      if (thumbprint != null) {
        store.withdrawAll(device, Digest.ofHex(thumbprint), entry.at(), HELD);
      }
    }
  }

  private void compareAll() {
    List<LiveGrant> page;
    LiveGrant last = null;
    do {
      page = store.openAfter(last, Page.MOST);
      compare(page);
      last = page.isEmpty() ? null : page.getLast();
    } while (page.size() == Page.MOST);
  }

  private void compare(List<LiveGrant> open) {
    open.forEach(grant -> {
      switch (grants.judge(grant)) {
        case Judgement.Lives() -> unread.remove(grant.device());
        case Judgement.Over(String because) -> store.withdraw(grant.id(), because, Actor.SERVER);
        case Judgement.Doubtful() -> {
          Instant since = unread.computeIfAbsent(grant.device(), device -> clock.instant());
          if (clock.instant().isBefore(since.plus(lateness))) {
            doubtful.add(grant.device());
          } else {
            store.withdraw(grant.id(), "what it rests on cannot be read", Actor.SERVER);
          }
        }
      }
    });
  }

  /** What memory does not hold yet would be judged by what it was before. */
  private void awaitMemory(long position) {
    for (long waited = 0; decisions.position() < position; waited += PAUSE_NANOS) {
      if (waited > LONGEST_WAIT_NANOS) {
        throw new IllegalStateException(
            "the fleet in memory does not reach change " + position + " yet");
      }
      LockSupport.parkNanos(this, PAUSE_NANOS);
    }
  }
}
