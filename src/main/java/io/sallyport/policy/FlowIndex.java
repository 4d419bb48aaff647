package io.sallyport.policy;

import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Question.RequestedFlow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Finds the rules about a peer among those of many policies, at the cost of a few lookups. Immutable. */
final class FlowIndex {
  private static final Entry[] NONE = {};
  private static final List<String> PROTOCOLS = List.of("tcp", "udp", "icmp");

  private static final Lane EMPTY = new Lane(Map.of(), Map.of());

  /** One for each protocol and direction. */
  private final Lane[] lanes = new Lane[PROTOCOLS.size() * Direction.values().length];

  private final int size;

  /** {@code order} is that of the policies, then that of the rules within each. */
  record Entry(int order, AccessPolicy policy, FlowRule rule) {}

  private static final class Lane {
    private final Map<String, Entry[]> byName;
    private final Map<IpPrefix, Entry[]> byPrefix;
    private final int[] lengths;

    Lane(Map<String, List<Entry>> names, Map<IpPrefix, List<Entry>> prefixes) {
      this.byName = new HashMap<>();
      this.byPrefix = new HashMap<>();
      TreeSet<Integer> all = new TreeSet<>();
      names.forEach((name, entries) -> byName.put(name, entries.toArray(NONE)));
      prefixes.forEach((prefix, entries) -> {
        byPrefix.put(prefix, entries.toArray(NONE));
        all.add(prefix.length());
      });
      this.lengths = all.stream().mapToInt(Integer::intValue).toArray();
    }

    Entry[] find(String peer, @Nullable IpPrefix address) {
      if (address == null) {
        return byName.getOrDefault(FlowRule.lower(peer), NONE);
      }
      Entry[] found = NONE;
      for (int length : lengths) {
        Entry[] more = byPrefix.get(Prefixes.around(address, length));
        if (more != null && more[0].rule().meetsPeer(peer, address)) {
          found = found.length == 0 ? more : together(found, more);
        }
      }
      return found;
    }

    private static Entry[] together(Entry[] some, Entry[] more) {
      Entry[] all = Arrays.copyOf(some, some.length + more.length);
      System.arraycopy(more, 0, all, some.length, more.length);
      Arrays.sort(all, Comparator.comparingInt(Entry::order));
      return all;
    }
  }

  FlowIndex(List<AccessPolicy> policies) {
    List<Map<String, List<Entry>>> names = new ArrayList<>();
    List<Map<IpPrefix, List<Entry>>> prefixes = new ArrayList<>();
    for (int i = 0; i < lanes.length; i++) {
      names.add(new HashMap<>());
      prefixes.add(new HashMap<>());
    }
    int order = 0;
    for (AccessPolicy policy : policies) {
      for (FlowRule rule : policy.rules()) {
        int lane = lane(rule.flow().protocol(), rule.flow().direction());
        Entry entry = new Entry(order++, policy, rule);
        List<Entry> peers = rule.prefix() == null
            ? names.get(lane).computeIfAbsent(rule.flow().peer(), peer -> new ArrayList<>(1))
            : prefixes.get(lane).computeIfAbsent(rule.prefix(), peer -> new ArrayList<>(1));
        peers.add(entry);
      }
    }
    for (int i = 0; i < lanes.length; i++) {
      lanes[i] = names.get(i).isEmpty() && prefixes.get(i).isEmpty()
          ? EMPTY
          : new Lane(names.get(i), prefixes.get(i));
    }
    this.size = order;
  }

  /** How many rules there are. */
  int size() {
    return size;
  }

  /** The rules about the asked peer, protocol and direction, in order; of any port. For reading only. */
  Entry[] find(RequestedFlow asked, @Nullable IpPrefix address) {
    int lane = lane(asked.protocol(), asked.direction());
    return lane < 0 ? NONE : lanes[lane].find(asked.peer(), address);
  }

  private static int lane(String protocol, Direction direction) {
    int at = PROTOCOLS.indexOf(protocol);
    return at < 0 ? -1 : at * Direction.values().length + direction.ordinal();
  }
}
