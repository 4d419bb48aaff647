package io.sallyport.policy;

import io.sallyport.policy.FlowRule.PortRange;
import java.util.ArrayList;
import java.util.List;

/** Sets of ports, as ranges in any order. */
final class Ports {
  private Ports() {}

  static boolean meet(List<PortRange> some, List<PortRange> others) {
    for (PortRange one : some) {
      for (PortRange other : others) {
        if (one.meets(other)) {
          return true;
        }
      }
    }
    return false;
  }

  /** What of {@code ports} is not in {@code taken}; the order of {@code ports} stays. */
  static List<PortRange> minus(List<PortRange> ports, List<PortRange> taken) {
    List<PortRange> left = ports;
    for (PortRange away : taken) {
      List<PortRange> rest = new ArrayList<>();
      for (PortRange range : left) {
        if (!range.meets(away)) {
          rest.add(range);
          continue;
        }
        if (range.first() < away.first()) {
          rest.add(new PortRange(range.first(), away.first() - 1));
        }
        if (away.last() < range.last()) {
          rest.add(new PortRange(away.last() + 1, range.last()));
        }
      }
      left = rest;
    }
    return left;
  }
}
