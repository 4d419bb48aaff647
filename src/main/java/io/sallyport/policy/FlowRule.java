package io.sallyport.policy;

import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.sallyport.policy.Verdict.Essential;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One entry of {@code allow} or {@code deny}, ready to be matched.
 *
 * @param name as the document has it, otherwise its place there: {@code allow[3]}
 * @param flow as the verdict shows it; a name in lower case
 * @param prefix set when the peer is an address or prefix
 * @param ports inclusive; of icmp its types, see {@link IcmpTypes}
 * @param segment whose peers this is about, until {@link Segments} resolves it, then null
 * @param reasons what is said when this decides, made once because it is said for each decision
 */
record FlowRule(
    String name,
    AllowedFlow flow,
    @Nullable IpPrefix prefix,
    List<PortRange> ports,
    @Nullable Essential essential,
    @Nullable String segment,
    List<String> reasons) {
  static final String ICMP = "icmp";

  FlowRule {
    ports = List.copyOf(ports);
    reasons = List.copyOf(reasons);
  }

  /** The same about one peer of the segment; without ports when it has none of the wanted types of ICMP. */
  FlowRule to(Segment.Peer peer, AccessPolicy policy) {
    List<PortRange> there = isIcmp() ? IcmpTypes.of(ports, peer.prefix()) : ports;
    AllowedFlow one = flow(peer.text(), flow.protocol(), there, flow.direction(), peer.prefix());
    return of(policy.name(), policy.effect(), name, one, peer.prefix(), there, essential);
  }

  /** As a verdict shows it. */
  static AllowedFlow flow(
      String peer,
      String protocol,
      List<PortRange> ports,
      Question.Direction direction,
      @Nullable IpPrefix prefix) {
    return new AllowedFlow(
        peer,
        protocol,
        protocol.equals(ICMP)
            ? IcmpTypes.texts(ports, prefix)
            : ports.stream().map(PortRange::toString).toList(),
        direction);
  }

  static FlowRule of(
      String policy,
      AccessPolicy.Effect effect,
      String name,
      AllowedFlow flow,
      @Nullable IpPrefix prefix,
      List<PortRange> ports,
      @Nullable Essential essential) {
    return new FlowRule(
        name,
        flow,
        prefix,
        ports,
        essential,
        null,
        List.of("policy " + policy + ": " + name
            + (effect == AccessPolicy.Effect.FORBID ? " forbids " : " allows ") + words(flow)));
  }

  /** Ports from {@code first} to {@code last}, both included. */
  record PortRange(int first, int last) {
    @Override
    public String toString() {
      return first == last ? Integer.toString(first) : first + "-" + last;
    }

    /** {@code 443} or {@code 9000-9010}, as {@link #toString} has it. */
    static PortRange parse(String text) {
      int dash = text.indexOf('-');
      int first = Integer.parseInt(dash < 0 ? text : text.substring(0, dash));
      return new PortRange(first, dash < 0 ? first : Integer.parseInt(text.substring(dash + 1)));
    }

    boolean has(int port) {
      return port >= first && port <= last;
    }

    boolean meets(PortRange other) {
      return first <= other.last && other.first <= last;
    }
  }

  /**
   * Whether this is about all of {@code asked}.
   *
   * @param address the asked peer read as an address, or null when it is a name
   */
  boolean meets(RequestedFlow asked, @Nullable IpPrefix address) {
    return flow.protocol().equals(asked.protocol())
        && flow.direction() == asked.direction()
        && hasPort(asked.port())
        && meetsPeer(asked.peer(), address);
  }

  boolean isIcmp() {
    return flow.protocol().equals(ICMP);
  }

  /** Whether this is about something of what is asked by that port, which for icmp is all types when it is 0. */
  boolean meetsPort(int port) {
    return port == 0 ? isIcmp() : has(port);
  }

  /** Whether this is about all of what is asked by that port. */
  boolean hasPort(int port) {
    return port == 0 ? flow.ports().isEmpty() : has(port);
  }

  private boolean has(int port) {
    for (PortRange range : ports) {
      if (range.has(port)) {
        return true;
      }
    }
    return false;
  }

  boolean meetsPeer(String peer, @Nullable IpPrefix address) {
    return prefix == null
        ? flow.peer().equals(lower(peer))
        : address != null && prefix.covers(address);
  }

  /** Whether there is a flow that both are about. */
  boolean meets(FlowRule other) {
    return flow.protocol().equals(other.flow.protocol())
        && flow.direction() == other.flow.direction()
        && (prefix == null || other.prefix == null
            ? prefix == other.prefix && flow.peer().equals(other.flow.peer())
            : prefix.covers(other.prefix) || other.prefix.covers(prefix))
        && Ports.meet(ports, other.ports);
  }

  /** A DNS name as rules have it (RFC 4343): only the letters of ASCII have a case. */
  static String lower(String name) {
    for (int i = 0; i < name.length(); i++) {
      if (isUpper(name.charAt(i))) {
        StringBuilder lower = new StringBuilder(name);
        for (int j = i; j < name.length(); j++) {
          char c = name.charAt(j);
          lower.setCharAt(j, isUpper(c) ? (char) (c + ('a' - 'A')) : c);
        }
        return lower.toString();
      }
    }
    return name;
  }

  private static boolean isUpper(char c) {
    return c >= 'A' && c <= 'Z';
  }

  /** For instance {@code tcp vms.example 8554,9000-9010}. */
  String words() {
    return words(flow);
  }

  static String words(AllowedFlow flow) {
    return flow.protocol()
        + (flow.direction() == Question.Direction.TO_DEVICE ? " from " : " ")
        + flow.peer()
        + (flow.ports().isEmpty() ? "" : " " + String.join(",", flow.ports()));
  }
}
