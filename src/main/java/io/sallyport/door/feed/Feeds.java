package io.sallyport.door.feed;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.sallyport.decision.Concern;
import io.sallyport.decision.DecisionPoint;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.EnforcementPoints;
import io.sallyport.enforcement.PointKind;
import io.sallyport.events.Changes;
import io.sallyport.events.Changes.Change;
import io.sallyport.events.Changes.Following;
import io.sallyport.grants.Grants;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Ids;
import io.sallyport.kernel.Refusal;
import io.vertx.core.buffer.Buffer;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the feed of every point that follows or fetches. A change of a device reads that device again and nothing else;
 * what came of it is taken by each point's feed once, however many consumers it has. Without such a point nothing is kept.
 */
@Singleton
final class Feeds implements Changes.Follower {
  /** After the enforcement points are known and the fleet is in memory. */
  private static final int START = 2800;

  private static final Duration TICK = Duration.ofMillis(500);
  private static final int DEVICES_AT_ONCE = 500;
  private static final int PICTURE_OCTETS = 6;
  private static final long PAUSE_NANOS = 5_000_000;
  private static final long LONGEST_WAIT_NANOS = 5_000_000_000L;
  private static final Logger LOG = Logger.getLogger(Feeds.class);

  private final Changes changes;
  private final DecisionPoint decisions;
  private final EnforcementPoints points;
  private final Grants grants;
  private final Pictures pictures;
  private final FeedSettings settings;
  private final Ids ids;
  private final Clock clock;
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
      Thread.ofPlatform().daemon().name("feeds").factory());

  /** By the id of the point. */
  private final Map<UUID, PointFeed> feeds = new ConcurrentHashMap<>();

  private List<EnforcementPoint> known = List.of();
  private boolean loaded;
  private long position;
  private boolean failing;
  private @Nullable Instant acknowledgeAfter;
  private long nextBeat;
  private @Nullable Following following;

  Feeds(
      Changes changes,
      DecisionPoint decisions,
      EnforcementPoints points,
      Grants grants,
      Pictures pictures,
      FeedSettings settings,
      Ids ids,
      Clock clock) {
    this.changes = changes;
    this.decisions = decisions;
    this.points = points;
    this.grants = grants;
    this.pictures = pictures;
    this.settings = settings;
    this.ids = ids;
    this.clock = clock;
  }

  void start(@Observes @Priority(START) StartupEvent event) {
    position = changes.position();
    following = changes.follow("feeds", position, this);
    timer.scheduleWithFixedDelay(
        this::tick, TICK.toMillis(), TICK.toMillis(), TimeUnit.MILLISECONDS);
  }

  void stop(@Observes ShutdownEvent event) {
    if (following != null) {
      following.close();
    }
    timer.shutdownNow();
    feeds.values().forEach(feed -> feed.streams().forEach(FeedStream::close));
  }

  /** The feed of a point; refuses with {@code unavailable} until it is there. */
  PointFeed of(EnforcementPoint point) {
    PointFeed feed = feeds.get(point.id());
    if (feed == null || feed.confirmedAt() == null) {
      throw new Refusal(
          CommonProblem.UNAVAILABLE, "The feed is being put together; ask again in a moment.");
    }
    return feed;
  }

  @Override
  public synchronized void changed(List<Change> next) {
    awaitMemory(next.getLast().position());
    Set<UUID> devices = new LinkedHashSet<>();
    Set<UUID> withGrants = new LinkedHashSet<>();
    boolean everybody = false;
    for (Change change : next) {
      switch (Concern.of(change)) {
        case Concern.OfDevice(UUID device) -> devices.add(device);
        case Concern.OfAll _ -> everybody = true;
        case Concern.OfNobody _ -> {
          if (change.subjectType().equals("grant")) {
            change.subjectId().ifPresent(withGrants::add);
          } else if (change.kind().equals("enforcement.desired")) {
            acknowledgeAfter = clock.instant();
          }
        }
      }
    }
    if (loaded) {
      devices.addAll(grants.holders(withGrants).values());
      if (everybody) {
        devices.addAll(pictures.devices());
      }
      read(devices);
    }
    position = next.getLast().position();
    publish();
  }

  @Override
  public synchronized void confirmed(Instant instant) {
    follow();
    if (!loaded) {
      return;
    }
    feeds.values().forEach(feed -> feed.confirm(instant));
    // What was desired is in here now: whoever enforces may say so.
    if (acknowledgeAfter != null && !instant.isBefore(acknowledgeAfter)) {
      acknowledgeAfter = null;
      beat(true);
    }
  }

  /** Law 5: what memory does not hold yet would be judged by what it was before. */
  private void awaitMemory(long reached) {
    for (long waited = 0; decisions.position() < reached; waited += PAUSE_NANOS) {
      if (waited > LONGEST_WAIT_NANOS) {
        throw new IllegalStateException(
            "the fleet in memory does not reach change " + reached + " yet");
      }
      LockSupport.parkNanos(this, PAUSE_NANOS);
    }
  }

  /** Opens, changes and ends feeds as points come and go. */
  private void follow() {
    List<EnforcementPoint> now = points.all();
    if (now == known && (loaded || feeds.isEmpty())) {
      return;
    }
    List<EnforcementPoint> followers =
        now.stream().filter(point -> hasFeed(point.kind())).toList();
    if (followers.isEmpty()) {
      loaded = false;
      pictures.forget();
    } else if (!loaded) {
      pictures.load(clock.instant());
      loaded = true;
    }
    Set<UUID> live = new LinkedHashSet<>();
    for (EnforcementPoint point : followers) {
      live.add(point.id());
      PointFeed feed = feeds.get(point.id());
      if (feed == null) {
        feed = new PointFeed(point, settings, ids.secret(PICTURE_OCTETS));
        take(feed, pictures.devices());
        feed.publish(position, clock.instant());
        feeds.put(point.id(), feed);
      } else if (!feed.point().equals(point)) {
        feed.become(point);
        take(feed, pictures.devices());
        feed.publish(position, clock.instant());
      }
    }
    feeds.keySet().stream().filter(id -> !live.contains(id)).toList().forEach(id -> {
      PointFeed gone = feeds.remove(id);
      if (gone != null) {
        gone.streams().forEach(FeedStream::close);
      }
    });
    known = now;
  }

  static boolean hasFeed(PointKind kind) {
    return kind == PointKind.NFTABLES || kind == PointKind.LIST;
  }

  private void read(Collection<UUID> devices) {
    List<UUID> all = new ArrayList<>(devices);
    for (int from = 0; from < all.size(); from += DEVICES_AT_ONCE) {
      List<UUID> some = all.subList(from, Math.min(all.size(), from + DEVICES_AT_ONCE));
      pictures.read(some, clock.instant());
      feeds.values().forEach(feed -> take(feed, some));
    }
  }

  private void take(PointFeed feed, Collection<UUID> devices) {
    Instant now = clock.instant();
    EnforcementPoint point = feed.point();
    devices.forEach(device -> feed.take(device, Share.of(point, pictures.get(device), now)));
  }

  private void publish() {
    Instant now = clock.instant();
    feeds.values().forEach(feed -> feed.publish(position, now));
  }

  private void tick() {
    try {
      due();
      if (System.nanoTime() - nextBeat >= 0) {
        nextBeat = System.nanoTime() + settings.heartbeatEvery().toNanos();
        beat(false);
      }
      if (failing) {
        LOG.info("Feeds are kept up to date again.");
        failing = false;
      }
    } catch (RuntimeException e) {
      if (!failing) {
        LOG.warnf("Feeds cannot be kept up to date and will be tried again: %s", e.getMessage());
      }
      failing = true;
    }
  }

  /** Reads again what time alone may have changed. */
  private synchronized void due() {
    if (loaded) {
      List<UUID> due = pictures.due(clock.instant(), DEVICES_AT_ONCE);
      if (!due.isEmpty()) {
        read(due);
        publish();
      }
    }
  }

  private void beat(boolean acknowledge) {
    Instant now = clock.instant();
    for (PointFeed feed : feeds.values()) {
      Collection<FeedStream> streams = feed.streams();
      if (!streams.isEmpty()) {
        Buffer heartbeat = feed.heartbeat(now, acknowledge);
        streams.forEach(stream -> {
          if (recognised(stream, feed)) {
            stream.beat(heartbeat);
          } else {
            stream.close();
          }
        });
      }
    }
  }

  /** A point whose certificate was revoked, replaced or ran out follows no longer. */
  private boolean recognised(FeedStream stream, PointFeed feed) {
    return points
        .recognise(stream.certificate())
        .filter(point -> point.id().equals(feed.point().id()))
        .isPresent();
  }
}
