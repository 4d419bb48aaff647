package io.sallyport.door.feed;

import io.sallyport.door.feed.PointFeed.State;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.IpPrefix;
import io.sallyport.kernel.Refusal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The external dynamic list of a point: the addresses that may open one flow class, one a line, sorted. A line has no
 * expiry, so an address leaves the list the declared delay before its grant or binding ends, and one whose life is not
 * longer than that never stands in it (law 4).
 *
 * @param tag strong entity tag (RFC 9110 §8.8.3)
 * @param until when time alone makes another list
 */
record ListText(String text, String tag, int lines, long version, Instant until) {
  /** What vendors take (PAN-OS); they cut silently what is beyond. */
  static final int USUAL_CAP = 50_000;

  private static final Comparator<String> BY_ADDRESS = Comparator.comparing(
          (String address) -> IpPrefix.parseAddress(address), (a, b) -> {
            if (a == null || b == null) {
              return 0;
            }
            int high = Long.compareUnsigned(a.high(), b.high());
            return high != 0 ? high : Long.compareUnsigned(a.low(), b.low());
          })
      .thenComparing(Comparator.naturalOrder());

  static ListText of(State state, Instant now) {
    EnforcementPoint point = state.point();
    FlowClass wanted = FlowClass.of(point);
    Duration delay = point.worstCaseDelay();
    SortedSet<String> addresses = new TreeSet<>(BY_ADDRESS);
    Instant until = Instant.MAX;
    for (Entry entry : state.entries()) {
      Instant off = entry.expiresAt().minus(delay);
      if (off.isAfter(now)
          && !state.quarantined().contains(entry.source())
          && wanted.isWithin(entry)) {
        addresses.add(entry.source());
        until = off.isBefore(until) ? off : until;
      }
    }
    StringBuilder text = new StringBuilder();
    addresses.forEach(address -> text.append(address).append('\n'));
    byte[] octets = text.toString().getBytes(StandardCharsets.US_ASCII);
    return new ListText(
        text.toString(),
        "\"" + Digest.of(octets).hex() + "\"",
        addresses.size(),
        state.version(),
        until);
  }

  boolean isCurrent(long version, Instant now) {
    return this.version == version && now.isBefore(until);
  }

  /** The most lines that a point's firewall takes. */
  static int cap(EnforcementPoint point) {
    String cap = point.settings().parameters().get("cap");
    if (cap == null) {
      return USUAL_CAP;
    }
    if (!cap.matches("[1-9][0-9]{0,6}")) {
      throw new Refusal(
          FeedProblem.NO_FLOW_CLASS,
          "The point's parameter cap must be a number from 1 to 9999999.");
    }
    return Integer.parseInt(cap);
  }

  /**
   * The one flow class that a list stands for.
   *
   * @param prefix set when the peer is an address or prefix
   */
  record FlowClass(String peer, @Nullable IpPrefix prefix, String protocol, int port) {
    static FlowClass of(EnforcementPoint point) {
      Map<String, String> parameters = point.settings().parameters();
      String peer = parameters.get("peer");
      String protocol = parameters.getOrDefault("protocol", "");
      String port = parameters.getOrDefault("port", "0");
      if (peer == null
          || !protocol.matches("tcp|udp|icmp")
          || !port.matches("[0-9]{1,5}")
          || Integer.parseInt(port) > 65_535
          || protocol.equals("icmp") != port.equals("0")) {
        throw new Refusal(
            FeedProblem.NO_FLOW_CLASS,
            "A list stands for one flow class: set the point's parameters peer, protocol (tcp, udp, icmp) and port"
                + " (left out for icmp).");
      }
      return new FlowClass(peer, IpPrefix.parse(peer), protocol, Integer.parseInt(port));
    }

    /** Whether the entry permits the whole class. */
    boolean isWithin(Entry entry) {
      return entry.protocol().equals(protocol)
          && (port == 0 ? entry.ports().isEmpty() : ports(entry.ports()))
          && (prefix == null ? entry.peer().equalsIgnoreCase(peer) : covers(entry));
    }

    private boolean covers(Entry entry) {
      IpPrefix destination = IpPrefix.parse(entry.destination());
      return destination != null && prefix != null && destination.covers(prefix);
    }

    private boolean ports(String ports) {
      int dash = ports.indexOf('-');
      int first = Integer.parseInt(dash < 0 ? ports : ports.substring(0, dash));
      int last = Integer.parseInt(ports.substring(dash + 1));
      return first <= port && port <= last;
    }
  }
}
