package io.sallyport.cli;

import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the kernel's sets should hold. Entries of a feed may overlap, elements of a set may not: those of one address and
 * protocol are cut into pieces that do not, each with the latest end of what it came from.
 */
final class GrantTable {
  private final Map<String, FeedEntry> entries = new LinkedHashMap<>();
  private final Map<Group, Map<String, FeedEntry>> groups = new HashMap<>();
  private final Map<Group, Map<Element, Instant>> elements = new HashMap<>();
  private final Set<Group> touched = new LinkedHashSet<>();

  /** One address and one protocol. */
  private record Group(String source, boolean four, String protocol) {
    static Group of(FeedEntry entry) {
      return new Group(entry.source().address(), entry.source().isFour(), entry.protocol());
    }
  }

  /**
   * An element of a set: a key, and no two overlap.
   *
   * @param firstPort of icmp the first type
   */
  record Element(
      String source,
      boolean four,
      String protocol,
      BigInteger first,
      BigInteger last,
      int firstPort,
      int lastPort) {}

  /** What a change makes of the elements. */
  record Difference(Set<Element> gone, Map<Element, Instant> now) {
    boolean isEmpty() {
      return gone.isEmpty() && now.isEmpty();
    }
  }

  FeedEntry get(String id) {
    FeedEntry entry = entries.get(id);
    if (entry == null) {
      throw new IllegalArgumentException("no entry " + id);
    }
    return entry;
  }

  boolean has(String id) {
    return entries.containsKey(id);
  }

  Collection<FeedEntry> entries() {
    return entries.values();
  }

  void put(FeedEntry entry) {
    remove(entry.id());
    entries.put(entry.id(), entry);
    Group group = Group.of(entry);
    groups.computeIfAbsent(group, fresh -> new LinkedHashMap<>()).put(entry.id(), entry);
    touched.add(group);
  }

  void remove(String id) {
    FeedEntry before = entries.remove(id);
    if (before != null) {
      Group group = Group.of(before);
      groups.computeIfPresent(group, (same, members) -> {
        members.remove(id);
        return members.isEmpty() ? null : members;
      });
      touched.add(group);
    }
  }

  void clear() {
    List.copyOf(entries.keySet()).forEach(this::remove);
  }

  /** Works out the elements of what was touched, and how they differ from those before. */
  Difference settle() {
    Set<Element> gone = new LinkedHashSet<>();
    Map<Element, Instant> now = new LinkedHashMap<>();
    for (Group group : touched) {
      Map<Element, Instant> before = elements.getOrDefault(group, Map.of());
      Map<Element, Instant> after =
          pieces(group, groups.getOrDefault(group, Map.of()).values());
      before.keySet().stream().filter(old -> !after.containsKey(old)).forEach(gone::add);
      after.forEach((element, end) -> {
        if (!end.equals(before.get(element))) {
          now.put(element, end);
          if (before.containsKey(element)) {
            gone.add(element);
          }
        }
      });
      if (after.isEmpty()) {
        elements.remove(group);
      } else {
        elements.put(group, after);
      }
    }
    touched.clear();
    return new Difference(gone, now);
  }

  /** All elements, after {@link #settle}. */
  Map<Element, Instant> elements() {
    Map<Element, Instant> all = new LinkedHashMap<>();
    elements.values().forEach(all::putAll);
    return all;
  }

  private static Map<Element, Instant> pieces(Group group, Collection<FeedEntry> members) {
    TreeSet<BigInteger> cuts = new TreeSet<>();
    for (FeedEntry entry : members) {
      cuts.add(entry.first());
      cuts.add(entry.last().add(BigInteger.ONE));
    }
    Map<Element, Instant> pieces = new LinkedHashMap<>();
    BigInteger from = null;
    for (BigInteger cut : cuts) {
      if (from != null) {
        BigInteger first = from;
        List<FeedEntry> here = new ArrayList<>();
        for (FeedEntry entry : members) {
          if (entry.first().compareTo(first) <= 0 && entry.last().compareTo(first) >= 0) {
            here.add(entry);
          }
        }
        ports(group, first, cut.subtract(BigInteger.ONE), here, pieces);
      }
      from = cut;
    }
    return pieces;
  }

  private static void ports(
      Group group,
      BigInteger first,
      BigInteger last,
      List<FeedEntry> here,
      Map<Element, Instant> pieces) {
    TreeSet<Integer> cuts = new TreeSet<>();
    for (FeedEntry entry : here) {
      cuts.add(entry.firstPort());
      cuts.add(entry.lastPort() + 1);
    }
    if (group.protocol().equals("icmp")) {
      // Echo requests stand in a set of their own, as their replies are looked up too.
      cuts.add(FeedEntry.echo(group.four()));
      cuts.add(FeedEntry.echo(group.four()) + 1);
    }
    Integer from = null;
    for (Integer cut : cuts) {
      if (from != null) {
        int port = from;
        here.stream()
            .filter(entry -> entry.firstPort() <= port && port <= entry.lastPort())
            .map(FeedEntry::kernelEnd)
            .max(Instant::compareTo)
            .ifPresent(end -> pieces.put(
                new Element(
                    group.source(), group.four(), group.protocol(), first, last, port, cut - 1),
                end));
      }
      from = cut;
    }
  }
}
