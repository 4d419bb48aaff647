package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.cli.FeedClient.Event;
import io.sallyport.kernel.IpPrefix;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Follows a feed and keeps one nftables table: snapshot first, then change by change, each one transaction. When the server
 * is lost the table stays, and its elements end by their own timeouts; when this program ends, the same.
 */
final class NftAgent {
  private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
  /** How often a position is acknowledged although nobody asked: a lost acknowledgement is made up for by this. */
  private static final Duration ACKNOWLEDGE_EVERY = Duration.ofSeconds(30);
  /** Removed entries of one address, from which on all its connections are forgotten at once. */
  private static final int MANY = 8;

  private final String table;
  private final FeedClient feed;
  private final Ruleset rules;
  private final Netfilter kernel;
  private final Output output;
  private final Clock clock;

  private final GrantTable grants = new GrantTable();
  private final Set<String> quarantined = new TreeSet<>();
  /** Essential flows that are kept although their grant ended, because the server is lost. */
  private final Set<String> kept = new HashSet<>();

  /** Taken out, and their connections are not forgotten yet. */
  private final Map<String, FeedEntry> gone = new HashMap<>();
  /** Quarantined, and their connections are not forgotten yet. */
  private final Set<String> cut = new TreeSet<>();

  private @Nullable String cursor;
  /** Whether the kernel may hold something else than what was taken: then nothing is acknowledged nor resumed. */
  private boolean dirty;
  /** What the server's clock is ahead of this one: ends are by its clock. */
  private Duration ahead = Duration.ZERO;

  private boolean lost;
  private long acknowledgedAt;
  private @Nullable Runnable done;

  NftAgent(
      String table, FeedClient feed, Ruleset rules, Netfilter kernel, Output output, Clock clock) {
    this.table = table;
    this.feed = feed;
    this.rules = rules;
    this.kernel = kernel;
    this.output = output;
    this.clock = clock;
  }

  /** Ends after the first snapshot was taken by the kernel and acknowledged. */
  void once() {
    closeFirst();
    Failure stop = new Failure(ExitCode.OK, "done");
    done = () -> {
      throw stop;
    };
    try {
      feed.follow(null, this::take);
      throw new Failure(ExitCode.UNREACHABLE, "The feed ended before its snapshot.");
    } catch (Failure failure) {
      if (failure != stop) {
        throw failure;
      }
    }
  }

  /** Goes on until the process is ended. */
  void forever() {
    closeFirst();
    Duration pause = FIRST_PAUSE;
    while (true) {
      long began = System.nanoTime();
      String why;
      try {
        feed.follow(dirty ? null : cursor, this::take);
        why = "The feed ended.";
      } catch (Failure failure) {
        why = failure.sentence();
      }
      lose(why);
      boolean lasted = System.nanoTime() - began > LONGEST_PAUSE.toNanos();
      pause = lasted ? FIRST_PAUSE : pause;
      rest(pause);
      pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0
          ? pause.multipliedBy(2)
          : LONGEST_PAUSE;
    }
  }

  /** A table that is there keeps its elements until the snapshot; without one, everything is closed first. */
  private void closeFirst() {
    if (!kernel.hasTable(table)) {
      kernel.commit(rules.whole(Map.of(), List.of(), now()));
      output.say("Made table inet " + table + "; nothing is granted yet.");
    }
  }

  private void rest(Duration pause) {
    try {
      Thread.sleep(pause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure(ExitCode.INTERNAL, "Interrupted.");
    }
    prune();
  }

  private void take(Event event) {
    JsonNode data = event.data();
    switch (event.name()) {
      case "snapshot" -> {
        measure(data);
        begin(data);
        acknowledge(data);
      }
      case "change" -> {
        change(data);
        acknowledge(data);
      }
      case "resumed" -> {
        measure(data);
        found();
      }
      case "heartbeat" -> {
        measure(data);
        if (isCurrent(data)) {
          found();
        } else {
          lose("It has lost its database.");
        }
        prune();
        restore();
        boolean late = System.nanoTime() - acknowledgedAt > ACKNOWLEDGE_EVERY.toNanos();
        if (data.path("acknowledge").asBoolean() || late) {
          acknowledge(data);
        }
      }
      default -> {}
    }
    if (event.id() != null) {
      cursor = event.id();
    }
    if (done != null && event.name().equals("snapshot")) {
      done.run();
    }
  }

  private void measure(JsonNode data) {
    ahead = Duration.between(clock.instant(), Instant.parse(data.path("at").asText()));
  }

  /** Whether the server itself is confirmed current; a heartbeat alone proves a server that lives, not one that knows. */
  private static boolean isCurrent(JsonNode heartbeat) {
    String confirmed = heartbeat.path("confirmed_at").asText("");
    return !confirmed.isEmpty()
        && Duration.between(
                    Instant.parse(confirmed), Instant.parse(heartbeat.path("at").asText()))
                .compareTo(LONGEST_PAUSE)
            < 0;
  }

  private void lose(String why) {
    if (!lost) {
      lost = true;
      output.say("Lost the server; what stands stays until it times out. " + why);
    }
  }

  private void found() {
    if (lost) {
      lost = false;
      kept.clear();
      output.say("Follows the feed again.");
    }
  }

  /** Replaces everything by a snapshot. */
  private void begin(JsonNode data) {
    List<FeedEntry> entries = entries(data.path("entries"));
    dirty = true;
    grants.entries().forEach(entry -> gone.put(entry.id(), entry));
    grants.clear();
    for (FeedEntry entry : entries) {
      grants.put(entry);
      gone.remove(entry.id());
    }
    Set<String> before = Set.copyOf(quarantined);
    quarantined.clear();
    data.path("quarantined").forEach(address -> quarantined.add(address.asText()));
    quarantined.stream().filter(address -> !before.contains(address)).forEach(cut::add);
    commitWhole();
    forget();
    lost = false;
    output.say("Took a snapshot at position " + data.path("position").asText() + ": "
        + grants.entries().size() + " entries, " + quarantined.size() + " quarantined addresses.");
    if (!data.path("unresolved").isEmpty()) {
      output.say("No address is known for " + Json.plain(data.path("unresolved"))
          + "; grants to these names are not enforced here.");
    }
  }

  private void change(JsonNode data) {
    List<FeedEntry> put = entries(data.path("put"));
    for (JsonNode removed : data.path("removed")) {
      if (grants.has(removed.asText())) {
        remove(grants.get(removed.asText()));
      }
    }
    put.forEach(grants::put);
    Set<String> fresh = new TreeSet<>();
    data.path("quarantined").forEach(address -> {
      if (quarantined.add(address.asText())) {
        fresh.add(address.asText());
      }
    });
    Set<String> released = new TreeSet<>();
    data.path("released").forEach(address -> {
      if (quarantined.remove(address.asText())) {
        released.add(address.asText());
      }
    });
    cut.addAll(fresh);
    commit(fresh, released);
    forget();
    if (!fresh.isEmpty()) {
      output.say("Quarantined " + String.join(", ", fresh) + ".");
    }
  }

  /** Read as a whole before anything is changed by them. */
  private static List<FeedEntry> entries(JsonNode list) {
    List<FeedEntry> entries = new ArrayList<>();
    list.forEach(entry -> entries.add(FeedEntry.of(entry)));
    return entries;
  }

  private void remove(FeedEntry entry) {
    grants.remove(entry.id());
    gone.put(entry.id(), entry);
  }

  /** Takes out what has ended. An essential flow stays while the server is lost, and that is said. */
  private void prune() {
    Instant now = now();
    for (FeedEntry entry : List.copyOf(grants.entries())) {
      if (!entry.expiresAt().isAfter(now)) {
        if (lost && entry.isEssential() && entry.kernelEnd().isAfter(now)) {
          if (kept.add(entry.id())) {
            output.say("Keeps the essential flow of " + entry.source().address() + " to "
                + entry.destination() + " without a grant, at the longest until "
                + entry.kernelEnd() + ".");
          }
        } else {
          remove(entry);
        }
      }
    }
    try {
      commit(Set.of(), Set.of());
      forget();
    } catch (Failure failure) {
      output.say(failure.sentence());
    }
  }

  /** Without its table everything would be open. */
  private void restore() {
    if (!kernel.hasTable(table)) {
      output.say("Table inet " + table + " is gone. Makes it anew.");
      commitWhole();
    }
  }

  /** What is taken here counts as held by the kernel only once a batch went through. */
  private void commit(Collection<String> quarantine, Collection<String> release) {
    if (dirty) {
      commitWhole();
      return;
    }
    GrantTable.Difference difference = grants.settle();
    if (difference.isEmpty() && quarantine.isEmpty() && release.isEmpty()) {
      return;
    }
    dirty = true;
    try {
      kernel.commit(rules.change(difference, quarantine, release, now()));
      dirty = false;
    } catch (Failure refused) {
      // Somebody else changed the table: it is made anew, in one transaction.
      output.say(refused.sentence() + " Makes the table anew.");
      commitWhole();
    }
  }

  private void commitWhole() {
    dirty = true;
    grants.settle();
    kernel.commit(rules.whole(grants.elements(), quarantined, now()));
    dirty = false;
  }

  /** Connections of what is gone. Both directions consult the sets already; this leaves no trace of them. */
  private void forget() {
    Map<IpPrefix, List<FeedEntry>> bySource = new HashMap<>();
    gone.values()
        .forEach(entry -> bySource
            .computeIfAbsent(entry.source(), source -> new ArrayList<>())
            .add(entry));
    bySource.forEach((source, entries) -> {
      if (entries.size() > MANY) {
        kernel.forget("-f", family(source), "-s", source.address());
        return;
      }
      entries.forEach(entry -> {
        List<String> which = new ArrayList<>(List.of(
            "-f",
            family(source),
            "-s",
            source.address(),
            "-d",
            entry.destination(),
            "-p",
            protocol(entry)));
        if (!entry.protocol().equals("icmp") && entry.firstPort() == entry.lastPort()) {
          which.addAll(List.of("--dport", Integer.toString(entry.firstPort())));
        }
        kernel.forget(which.toArray(String[]::new));
      });
    });
    cut.forEach(address -> {
      IpPrefix parsed = IpPrefix.parseAddress(address);
      if (parsed != null) {
        kernel.forget("-f", family(parsed), "-s", parsed.address());
        kernel.forget("-f", family(parsed), "-d", parsed.address());
      }
    });
    gone.clear();
    cut.clear();
  }

  private static String family(IpPrefix address) {
    return address.isFour() ? "ipv4" : "ipv6";
  }

  private static String protocol(FeedEntry entry) {
    return entry.protocol().equals("icmp") && !entry.source().isFour()
        ? "icmpv6"
        : entry.protocol();
  }

  private void acknowledge(JsonNode data) {
    if (dirty) {
      return;
    }
    try {
      feed.acknowledge(data.path("position").asLong());
      acknowledgedAt = System.nanoTime();
    } catch (Failure failure) {
      if (done != null) {
        throw failure;
      }
      // The next heartbeat brings another occasion.
    }
  }

  private Instant now() {
    return clock.instant().plus(ahead);
  }
}
