package io.sallyport.policy;

import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.sallyport.policy.Verdict.Essential;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One entry of {@code allow}, ready to be matched.
 *
 * @param flow as the verdict shows it; a name in lower case
 * @param prefix set when the peer is an address or prefix
 * @param ports inclusive; empty for icmp
 */
record FlowRule(
    AllowedFlow flow,
    @Nullable IpPrefix prefix,
    List<PortRange> ports,
    @Nullable Essential essential) {
  FlowRule {
    ports = List.copyOf(ports);
  }

  /** Ports from {@code first} to {@code last}, both included. */
  record PortRange(int first, int last) {
    @Override
    public String toString() {
      return first == last ? Integer.toString(first) : first + "-" + last;
    }
  }

  /**
   * Whether this allows {@code asked}.
   *
   * @param address the asked peer read as an address, or null when it is a name
   */
  boolean allows(RequestedFlow asked, @Nullable IpPrefix address) {
    return flow.protocol().equals(asked.protocol())
        && allowsPort(asked.port())
        && allowsPeer(asked.peer(), address);
  }

  private boolean allowsPort(int port) {
    if (ports.isEmpty()) {
      return port == 0;
    }
    for (PortRange range : ports) {
      if (port >= range.first() && port <= range.last()) {
        return true;
      }
    }
    return false;
  }

  private boolean allowsPeer(String peer, @Nullable IpPrefix address) {
    if (prefix != null) {
      return address != null && prefix.covers(address);
    }
    return sameName(flow.peer(), peer);
  }

  /** Equality of DNS names (RFC 4343): only the letters of ASCII have a case. */
  private static boolean sameName(String lower, String asked) {
    if (lower.length() != asked.length()) {
      return false;
    }
    for (int i = 0; i < lower.length(); i++) {
      char c = asked.charAt(i);
      if (lower.charAt(i) != (c >= 'A' && c <= 'Z' ? (char) (c + ('a' - 'A')) : c)) {
        return false;
      }
    }
    return true;
  }
}
