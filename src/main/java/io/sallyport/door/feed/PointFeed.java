package io.sallyport.door.feed;

import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Refusal;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The state of one point's feed: what it sees of every device, the latest changes, and who follows. Written by {@link
 * Feeds} alone, read by any thread. Every change is written out once, however many follow.
 */
final class PointFeed {
  /** Changes that a consumer can resume over; an older cursor gets a snapshot. */
  private static final int MOST_EVENTS = 4096;

  private static final int MOST_EVENT_OCTETS = 8 << 20;
  /** Positions of which the confirmed instant is remembered, for acknowledgements that come late. */
  private static final int MOST_CONFIRMATIONS = 1024;

  /** Names this picture, so that a cursor from another node or another life is known as such. */
  private final String picture;

  private final FeedSettings settings;
  private EnforcementPoint point;

  private final Map<UUID, Share> shares = new HashMap<>();
  private final Deque<Event> events = new ArrayDeque<>();
  private final TreeMap<Long, Instant> confirmations = new TreeMap<>();
  private final Set<FeedStream> streams = new LinkedHashSet<>();
  private int entries;
  private int eventOctets;
  private long sequence;
  private long position;
  private @Nullable Instant confirmedAt;

  private final Map<String, JsonObject> put = new LinkedHashMap<>();
  private final Set<String> removed = new LinkedHashSet<>();
  private final Set<String> quarantined = new TreeSet<>();
  private final Set<String> released = new TreeSet<>();

  /** A change as it goes over the wire. */
  private record Event(long sequence, Buffer text) {}

  PointFeed(EnforcementPoint point, FeedSettings settings, String picture) {
    this.point = point;
    this.settings = settings;
    this.picture = picture;
  }

  /**
   * What the point may have, at one instant.
   *
   * @param version rises with every change of the rest
   * @param confirmedAt everything committed before is in here; null before the first time
   */
  record State(
      EnforcementPoint point,
      long version,
      long position,
      String cursor,
      @Nullable Instant confirmedAt,
      List<Entry> entries,
      Set<String> quarantined,
      Set<String> unresolved) {
    JsonObject json(Instant now) {
      JsonArray live = new JsonArray();
      entries.stream()
          .filter(entry -> entry.expiresAt().isAfter(now))
          .forEach(entry -> live.add(entry.json()));
      return new JsonObject()
          .put("position", position)
          .put("cursor", cursor)
          .put("at", now.toString())
          .put("confirmed_at", confirmedAt == null ? null : confirmedAt.toString())
          .put("declared_delay", point.worstCaseDelay().toString())
          .put("entries", live)
          .put("quarantined", new JsonArray(List.copyOf(quarantined)))
          .put("unresolved", new JsonArray(List.copyOf(unresolved)));
    }
  }

  synchronized EnforcementPoint point() {
    return point;
  }

  synchronized void become(EnforcementPoint changed) {
    point = changed;
    sequence++;
  }

  /** Takes what the point sees of a device now; the difference goes out with {@link #publish}. */
  synchronized void take(UUID device, Share now) {
    Share before = now.isEmpty() ? shares.remove(device) : shares.put(device, now);
    if (before == null) {
      before = Share.NOTHING;
    }
    entries += now.entries().size() - before.entries().size();
    Map<String, Entry> old = before.entries();
    now.entries().forEach((id, entry) -> {
      if (!entry.equals(old.get(id))) {
        put.put(id, entry.json());
        removed.remove(id);
      }
    });
    old.keySet().stream().filter(id -> !now.entries().containsKey(id)).forEach(id -> {
      put.remove(id);
      removed.add(id);
    });
    for (String address : now.quarantined()) {
      if (!before.quarantined().contains(address) && !released.remove(address)) {
        quarantined.add(address);
      }
    }
    for (String address : before.quarantined()) {
      if (!now.quarantined().contains(address) && !quarantined.remove(address)) {
        released.add(address);
      }
    }
  }

  synchronized Set<UUID> devices() {
    return Set.copyOf(shares.keySet());
  }

  /** Sends what was taken since the last time, as of {@code reached}. */
  synchronized void publish(long reached, Instant now) {
    position = reached;
    if (put.isEmpty() && removed.isEmpty() && quarantined.isEmpty() && released.isEmpty()) {
      return;
    }
    sequence++;
    Buffer text = event(
        "change",
        new JsonObject()
            .put("position", position)
            .put("at", now.toString())
            .put("put", new JsonArray(List.copyOf(put.values())))
            .put("removed", new JsonArray(List.copyOf(removed)))
            .put("quarantined", new JsonArray(List.copyOf(quarantined)))
            .put("released", new JsonArray(List.copyOf(released))));
    put.clear();
    removed.clear();
    quarantined.clear();
    released.clear();
    events.add(new Event(sequence, text));
    eventOctets += text.length();
    while (events.size() > MOST_EVENTS || eventOctets > MOST_EVENT_OCTETS) {
      eventOctets -= events.remove().text.length();
    }
    if (isTooLarge()) {
      List.copyOf(streams).forEach(FeedStream::close);
    } else {
      streams.forEach(stream -> stream.send(text));
    }
  }

  synchronized void confirm(Instant instant) {
    confirmedAt = instant;
    confirmations.put(position, instant);
    if (confirmations.size() > MOST_CONFIRMATIONS) {
      confirmations.pollFirstEntry();
    }
  }

  /** Everything that was committed before this instant is at or below {@code reached}; null when that is not known. */
  synchronized @Nullable Instant seenAt(long reached) {
    if (reached > position) {
      throw new Refusal(
          FeedProblem.UNKNOWN_POSITION, "This feed has not come to position " + reached + " yet.");
    }
    Map.Entry<Long, Instant> known = confirmations.floorEntry(reached);
    return known == null ? null : known.getValue();
  }

  synchronized @Nullable Instant confirmedAt() {
    return confirmedAt;
  }

  /** All of it; refuses with {@code feed-too-large} rather than to leave something out. */
  synchronized State state() {
    if (isTooLarge()) {
      throw new Refusal(
          FeedProblem.FEED_TOO_LARGE,
          "The feed has " + entries + " entries and may have " + settings.mostEntries()
              + "; let the point guard fewer sites or peers.");
    }
    List<Entry> all = new ArrayList<>(entries);
    Set<String> cut = new TreeSet<>();
    Set<String> names = new TreeSet<>();
    for (Share share : shares.values()) {
      all.addAll(share.entries().values());
      cut.addAll(share.quarantined());
      names.addAll(share.unresolved());
    }
    return new State(point, sequence, position, cursor(), confirmedAt, all, cut, names);
  }

  synchronized long version() {
    return sequence;
  }

  private boolean isTooLarge() {
    return entries > settings.mostEntries();
  }

  /** What a stream begins with: all, or what was missed; and then a heartbeat as of the same instant. */
  sealed interface Beginning {
    /** Nothing was missed that is not in here. */
    record Resumed(List<Buffer> missed, Buffer heartbeat) implements Beginning {}

    record Anew(State state, Buffer heartbeat) implements Beginning {}
  }

  /** Lets a stream in and tells what it begins with; every later change is sent to it. */
  synchronized Beginning join(FeedStream stream, @Nullable String after, Instant now) {
    if (streams.size() >= settings.mostStreamsForPoint()) {
      throw new Refusal(
          CommonProblem.TOO_MANY_REQUESTS,
          "This point has " + streams.size() + " streams here already; close one first.");
    }
    List<Buffer> missed = after == null ? null : missed(after);
    State state = state();
    streams.add(stream);
    Buffer heartbeat = heartbeat(now, false);
    return missed == null
        ? new Beginning.Anew(state, heartbeat)
        : new Beginning.Resumed(missed, heartbeat);
  }

  synchronized void leave(FeedStream stream) {
    streams.remove(stream);
  }

  synchronized Collection<FeedStream> streams() {
    return List.copyOf(streams);
  }

  /** What came after a cursor, or null when that cannot be told. */
  private @Nullable List<Buffer> missed(String after) {
    String[] parts = after.split("\\.", -1);
    if (parts.length != 3 || !parts[2].equals(picture) || !parts[1].matches("[0-9]{1,18}")) {
      return null;
    }
    long last = Long.parseLong(parts[1]);
    long gone = events.isEmpty() ? sequence : events.getFirst().sequence - 1;
    if (last > sequence || last < gone) {
      return null;
    }
    return events.stream()
        .filter(event -> event.sequence > last)
        .map(Event::text)
        .toList();
  }

  /** Position, sequence of the point's changes, picture. */
  private String cursor() {
    return position + "." + sequence + "." + picture;
  }

  synchronized Buffer heartbeat(Instant now, boolean acknowledge) {
    return event(
        "heartbeat",
        new JsonObject()
            .put("position", position)
            .put("at", now.toString())
            .put("confirmed_at", confirmedAt == null ? null : confirmedAt.toString())
            .put("declared_delay", point.worstCaseDelay().toString())
            .put("acknowledge", acknowledge));
  }

  /** A state as the event that a stream begins with. */
  static Buffer snapshot(State state, Instant now) {
    return event("snapshot", state.cursor(), state.json(now));
  }

  private Buffer event(String name, JsonObject data) {
    return event(name, cursor(), data);
  }

  private static Buffer event(String name, String id, JsonObject data) {
    return Buffer.buffer("event: " + name + "\nid: " + id + "\ndata: ")
        .appendBuffer(data.toBuffer())
        .appendString("\n\n");
  }
}
