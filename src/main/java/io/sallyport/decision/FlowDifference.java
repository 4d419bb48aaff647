package io.sallyport.decision;

import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.IcmpTypes;
import io.sallyport.policy.Verdict.AllowedFlow;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;

/** What one list of flows allows that another does not. Never leaves anything out; may tell a prefix wider than it is. */
final class FlowDifference {
  private static final int PORTS = 1 << 16;
  /** Of one version of ICMP. */
  private static final int TYPES = 1 << 8;

  private FlowDifference() {}

  /** The flows of {@code of} without what {@code without} allows all of, in the order of {@code of}. */
  static List<AllowedFlow> of(List<AllowedFlow> of, List<AllowedFlow> without) {
    if (of.equals(without)) {
      return List.of();
    }
    List<AllowedFlow> left = new ArrayList<>();
    for (AllowedFlow flow : of) {
      if (!without.contains(flow)) {
        rest(flow, without, left);
      }
    }
    return left;
  }

  private static void rest(AllowedFlow flow, List<AllowedFlow> without, List<AllowedFlow> left) {
    List<AllowedFlow> wider = without.stream()
        .filter(other -> other.protocol().equals(flow.protocol())
            && other.direction() == flow.direction()
            && covers(other.peer(), flow.peer()))
        .toList();
    if (wider.stream().anyMatch(other -> other.ports().isEmpty())) {
      return;
    }
    if (wider.isEmpty() || flow.ports().isEmpty()) {
      left.add(flow);
      return;
    }
    BitSet ports = ports(flow);
    wider.forEach(other -> ports.andNot(ports(other)));
    if (!ports.isEmpty()) {
      left.add(new AllowedFlow(flow.peer(), flow.protocol(), words(ports, flow), flow.direction()));
    }
  }

  private static boolean covers(String wide, String narrow) {
    if (wide.toLowerCase(Locale.ROOT).equals(narrow.toLowerCase(Locale.ROOT))) {
      return true;
    }
    IpPrefix one = IpPrefix.parse(wide);
    IpPrefix other = one == null ? null : IpPrefix.parse(narrow);
    return one != null && other != null && one.covers(other);
  }

  private static BitSet ports(AllowedFlow flow) {
    BitSet ports = new BitSet(PORTS);
    for (String range : flow.ports()) {
      int[] ends = IcmpTypes.ends(range);
      ports.set(ends[0], ends[1] + 1);
    }
    return ports;
  }

  /** As the ports of {@code like} are written; no range is of two versions of ICMP. */
  private static List<String> words(BitSet ports, AllowedFlow like) {
    boolean tagged = like.ports().getFirst().indexOf(':') >= 0;
    List<String> words = new ArrayList<>();
    for (int first = ports.nextSetBit(0); first >= 0; ) {
      int behind = ports.nextClearBit(first);
      if (tagged && first < TYPES && behind > TYPES) {
        behind = TYPES;
      }
      words.add(IcmpTypes.between(first, behind - 1, tagged));
      first = ports.nextSetBit(behind);
    }
    return words;
  }
}
