package io.sallyport.decision;

import io.sallyport.events.Changes.Change;
import io.sallyport.kernel.Page;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Brings the fleet in memory up to what is committed.
 *
 * <p>A part is read and put under its lock, so that what an earlier read saw never replaces what a later one saw.
 * {@link #refresh} is for any thread; {@link #poll} for one at a time.
 */
@Singleton
final class FleetKeeper {
  /** Changes that one question to the feed asks for. */
  static final int BATCH = 1000;

  private static final Logger LOG = Logger.getLogger(FleetKeeper.class);
  private static final int STRIPES = 256;
  /** Devices read at once while loading; more would take the pool of connections from everybody else. */
  private static final int READERS = 8;
  /** Doubtful parts that one poll tries again, so that a poll stays short. */
  private static final int RETRIES = 100;

  private final Fleet fleet;
  private final FleetSource source;
  private final Clock clock;
  private final List<Lock> stripes =
      Stream.<Lock>generate(ReentrantLock::new).limit(STRIPES).toList();

  FleetKeeper(Fleet fleet, FleetSource source, Clock clock) {
    this.fleet = fleet;
    this.source = source;
    this.clock = clock;
  }

  /** Loads the fleet the first time, then follows the changes; every success confirms that the node is current. */
  void poll() {
    if (fleet.position() < 0) {
      load();
    } else {
      follow();
    }
    fleet.doubtful().stream().limit(RETRIES).forEach(this::refresh);
  }

  /** Reads a part again. What cannot be read is doubtful from then on, until a later refresh of it succeeds. */
  void refresh(Part part) {
    Lock lock = stripes.get(Math.floorMod(part.hashCode(), STRIPES));
    lock.lock();
    try {
      switch (part) {
        case Part.OfDevice(UUID id) -> fleet.putDevice(id, source.device(id));
        case Part.OfProfile(String name) -> fleet.putProfile(name, source.profile(name));
        case Part.OfPolicies() -> fleet.putPolicies(source.policies());
      }
      fleet.trust(part);
    } catch (RuntimeException | StackOverflowError e) {
      doubt(part, e);
    } finally {
      lock.unlock();
    }
  }

  /** Denies whatever rests on this part until it was read again. */
  void doubt(Part part, @Nullable Throwable cause) {
    if (fleet.doubt(part)) {
      LOG.warnf(
          cause,
          "%s could not be read again; what rests on it is denied until that succeeds",
          part);
    }
  }

  private void load() {
    // Whatever commits after this position is read again by the first follow(), so the order within
    // the load is free.
    Instant from = clock.instant();
    long position = source.position();
    refresh(Part.POLICIES);
    for (Page<String> page = source.profiles(null); ; page = source.profiles(page.next())) {
      page.items().forEach(name -> refresh(new Part.OfProfile(name)));
      if (page.next() == null) {
        break;
      }
    }
    for (Page<UUID> page = source.devices(null); ; page = source.devices(page.next())) {
      try (ExecutorService readers =
          Executors.newFixedThreadPool(READERS, Thread.ofVirtual().factory())) {
        page.items().forEach(id -> readers.execute(() -> refresh(new Part.OfDevice(id))));
      }
      if (page.next() == null) {
        break;
      }
    }
    fleet.reached(position);
    fleet.confirm(from);
  }

  private void follow() {
    List<Change> changes;
    do {
      Instant from = clock.instant();
      changes = source.changesAfter(fleet.position(), BATCH);
      Set<Part> parts = new LinkedHashSet<>();
      changes.forEach(
          change -> Part.of(change.subjectType(), change.subject()).ifPresent(parts::add));
      parts.forEach(this::refresh);
      if (!changes.isEmpty()) {
        fleet.reached(changes.getLast().position());
      }
      if (changes.size() < BATCH) {
        // Taken before the question: what committed while it was answered is not confirmed.
        fleet.confirm(from);
      }
    } while (changes.size() >= BATCH);
  }
}
