package io.sallyport.decision;

import io.sallyport.events.Changes;
import io.sallyport.events.Changes.Change;
import io.sallyport.kernel.Outage;
import io.sallyport.kernel.Page;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Brings the fleet in memory up to what is committed.
 *
 * <p>A part is read and put under its lock, so that what an earlier read saw never replaces what a later one saw.
 * {@link #refresh} is for any thread; {@link #load}, then the changes after it, for one at a time.
 */
@Singleton
final class FleetKeeper implements Changes.Follower, FleetReading {
  private static final Logger LOG = Logger.getLogger(FleetKeeper.class);
  private static final int STRIPES = 256;
  /** Doubtful parts that are tried again together. */
  private static final int RETRIES = 100;
  /** Devices that are read together: few enough for nobody to wait long for one of them. */
  private static final int TOGETHER = 100;

  private final Fleet fleet;
  private final FleetSource source;
  private final OwnFacts own;
  private final Clock clock;
  private final List<Lock> stripes =
      Stream.<Lock>generate(ReentrantLock::new).limit(STRIPES).toList();
  /** How many readings of a stripe began or ended. */
  private final AtomicLongArray readings = new AtomicLongArray(STRIPES);

  FleetKeeper(Fleet fleet, FleetSource source, OwnFacts own, Clock clock) {
    this.own = own;
    this.fleet = fleet;
    this.source = source;
    this.clock = clock;
  }

  /** Reads everything. Answers the position in the feed from which on changes have to be followed. */
  @Override
  public long load() {
    // Whatever commits after this position is read again by who follows, so the order within the
    // load is free; and every reading sees what was committed before this instant.
    Instant from = clock.instant();
    long position = source.position();
    refresh(Part.POLICIES);
    refresh(Part.AUTHORITIES);
    for (Page<String> page = source.profiles(null); ; page = source.profiles(page.next())) {
      page.items().forEach(name -> refresh(new Part.OfProfile(name)));
      if (page.next() == null) {
        break;
      }
    }
    source.everyDevice(this::loading);
    fleet.reached(position);
    fleet.confirm(from);
    return position;
  }

  /**
   * Begins a reading of many devices, by several threads at once and without a lock, since it takes long: what is read anew
   * meanwhile is not replaced by what was read here, but read once more.
   */
  private Consumer<List<FleetSource.Loaded>> loading() {
    long[] before = new long[STRIPES];
    for (int i = 0; i < STRIPES; i++) {
      before[i] = readings.get(i);
    }
    return loaded -> {
      for (FleetSource.Loaded one : loaded) {
        Part part = new Part.OfDevice(one.id());
        int stripe = stripe(part);
        Lock lock = stripes.get(stripe);
        lock.lock();
        boolean isLatest;
        try {
          isLatest = readings.get(stripe) == before[stripe];
          if (isLatest) {
            fleet.putDevice(one.id(), Optional.of(one.device()));
          }
        } finally {
          lock.unlock();
        }
        if (!isLatest) {
          refresh(part);
        }
      }
    };
  }

  @Override
  public void changed(List<Change> changes) {
    Set<Part> parts = new LinkedHashSet<>();
    for (Change change : changes) {
      Part.of(change.subjectType(), change.subject())
          .filter(part -> !parts.contains(part) && !own.holds(change))
          .ifPresent(parts::add);
    }
    refreshAll(parts);
    fleet.reached(changes.getLast().position());
  }

  @Override
  public void confirmed(Instant instant) {
    fleet.confirm(instant);
  }

  /** Tries again what could not be read. */
  void retry() {
    fleet.doubtful().stream().limit(RETRIES).forEach(this::refresh);
  }

  /** Reads a part again. What cannot be read is doubtful from then on, until a later refresh of it succeeds. */
  void refresh(Part part) {
    int stripe = stripe(part);
    Lock lock = stripes.get(stripe);
    lock.lock();
    try {
      readings.incrementAndGet(stripe);
      switch (part) {
        case Part.OfDevice(UUID id) -> fleet.putDevice(id, source.device(id));
        case Part.OfProfile(String name) -> fleet.putProfile(name, source.profile(name));
        case Part.OfPolicies() -> fleet.putPolicies(source.policies());
        case Part.OfAuthorities() -> fleet.putRevokedIssuers(source.revokedIssuers());
      }
      fleet.trust(part);
    } catch (RuntimeException | StackOverflowError e) {
      doubt(part, e);
    } finally {
      readings.incrementAndGet(stripe);
      lock.unlock();
    }
  }

  /** The same for several; devices are read together, so that many that changed at once cost little more than one. */
  void refreshAll(Collection<Part> parts) {
    List<Part.OfDevice> devices = new ArrayList<>();
    for (Part part : parts) {
      if (part instanceof Part.OfDevice device) {
        devices.add(device);
      } else {
        refresh(part);
      }
    }
    for (int from = 0; from < devices.size(); from += TOGETHER) {
      refreshDevices(devices.subList(from, Math.min(from + TOGETHER, devices.size())));
    }
  }

  private void refreshDevices(List<Part.OfDevice> devices) {
    if (devices.size() == 1) {
      refresh(devices.getFirst());
      return;
    }
    List<Integer> touched =
        devices.stream().map(FleetKeeper::stripe).sorted().distinct().toList();
    touched.forEach(stripe -> stripes.get(stripe).lock());
    touched.forEach(readings::incrementAndGet);
    try {
      Map<UUID, FleetDevice> read =
          source.devices(devices.stream().map(Part.OfDevice::id).toList());
      for (Part.OfDevice device : devices) {
        fleet.putDevice(device.id(), Optional.ofNullable(read.get(device.id())));
        fleet.trust(device);
      }
      return;
    } catch (RuntimeException | StackOverflowError e) {
      if (Outage.caused(e)) {
        devices.forEach(device -> doubt(device, e));
        return;
      }
    } finally {
      touched.forEach(readings::incrementAndGet);
      touched.forEach(stripe -> stripes.get(stripe).unlock());
    }
    // One that cannot be read stops no other.
    devices.forEach(this::refresh);
  }

  private static int stripe(Part part) {
    return Math.floorMod(part.hashCode(), STRIPES);
  }

  boolean trusts(Collection<Part> parts) {
    return parts.stream().noneMatch(fleet::isDoubtful);
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
}
