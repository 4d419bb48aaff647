package io.sallyport.policy;

import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.FlowRule.PortRange;
import io.sallyport.policy.Verdict.AllowedFlow;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Takes what is forbidden from what is allowed, exactly: ports and prefixes are split into what is left of them. */
final class Subtraction {
  /** Enough for each rule of a policy to lose a network and a port; what is cut finer nobody can enforce. */
  static final int MOST_PIECES = 1024;

  private Subtraction() {}

  /** What is left, in the order of {@code allowed}, each once; null when it would be more than {@link #MOST_PIECES}. */
  static @Nullable List<AllowedFlow> of(List<FlowRule> allowed, List<FlowRule> forbidden) {
    List<AllowedFlow> left = new ArrayList<>();
    for (FlowRule rule : allowed) {
      List<FlowRule> taken = forbidden.stream().filter(rule::meets).toList();
      if (taken.isEmpty()) {
        left.add(rule.flow());
        continue;
      }
      List<Piece> pieces = cut(new Piece(rule.prefix(), rule.ports()), taken);
      if (pieces == null || left.size() + pieces.size() > MOST_PIECES) {
        return null;
      }
      pieces.forEach(piece -> left.add(piece.of(rule)));
    }
    List<AllowedFlow> each = left.stream().distinct().toList();
    return each.size() > MOST_PIECES ? null : each;
  }

  private static @Nullable List<Piece> cut(Piece whole, List<FlowRule> taken) {
    List<Piece> pieces = List.of(whole);
    for (FlowRule away : taken) {
      List<Piece> rest = new ArrayList<>();
      for (Piece piece : pieces) {
        piece.without(away, rest);
      }
      if (rest.size() > MOST_PIECES) {
        return null;
      }
      pieces = rest;
    }
    return pieces;
  }

  /**
   * A part of a rule.
   *
   * @param prefix null when the peer is a name
   */
  private record Piece(@Nullable IpPrefix prefix, List<PortRange> ports) {
    /** Adds to {@code rest} what is left of this without {@code away}, which is of the same kind and name. */
    void without(FlowRule away, List<Piece> rest) {
      if (!Ports.meet(ports, away.ports())) {
        rest.add(this);
        return;
      }
      IpPrefix inner = prefix;
      IpPrefix other = away.prefix();
      if (prefix != null && other != null && !other.covers(prefix)) {
        if (!prefix.covers(other)) {
          rest.add(this);
          return;
        }
        inner = other;
        Prefixes.without(prefix, other).forEach(outside -> rest.add(new Piece(outside, ports)));
      }
      List<PortRange> left = Ports.minus(ports, away.ports());
      if (!left.isEmpty()) {
        rest.add(new Piece(inner, left));
      }
    }

    AllowedFlow of(FlowRule rule) {
      boolean whole = prefix == null || prefix.equals(rule.prefix());
      return FlowRule.flow(
          whole || prefix == null ? rule.flow().peer() : Prefixes.text(prefix),
          rule.flow().protocol(),
          ports,
          rule.flow().direction(),
          prefix);
    }
  }
}
