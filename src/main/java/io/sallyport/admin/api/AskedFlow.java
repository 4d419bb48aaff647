package io.sallyport.admin.api;

import io.sallyport.policy.IcmpTypes;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Question.RequestedFlow;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A flow that people ask about. */
final class AskedFlow {
  private static final Set<String> PROTOCOLS = Set.of("tcp", "udp", "icmp");
  private static final String ICMP = "icmp";
  private static final int HIGHEST_PORT = 65_535;

  private AskedFlow() {}

  /** From the device. Refuses with {@code malformed}, the field and what it must be. */
  static RequestedFlow of(
      @Nullable String peer,
      @Nullable String protocol,
      @Nullable Integer port,
      @Nullable String icmpType) {
    String asked = Fields.text("protocol", protocol);
    if (!PROTOCOLS.contains(asked)) {
      throw Fields.malformed("protocol", "is none of tcp, udp and icmp");
    }
    String named = Fields.text("peer", peer);
    if (asked.equals(ICMP)) {
      return new RequestedFlow(named, ICMP, icmpType == null ? 0 : type(icmpType, named));
    }
    if (icmpType != null) {
      throw Fields.malformed("icmpType", "is for protocol icmp; " + asked + " has a port");
    }
    int number = Fields.required("port", port);
    if (number < 0 || number > HIGHEST_PORT) {
      throw Fields.malformed("port", "is not from 0 to " + HIGHEST_PORT);
    }
    return new RequestedFlow(named, asked, number);
  }

  static RequestedFlow opened(RequestedFlow flow, @Nullable String direction) {
    return switch (direction) {
      case null -> flow;
      case "from-device" -> flow;
      case "to-device" ->
        new RequestedFlow(flow.peer(), flow.protocol(), flow.port(), Direction.TO_DEVICE);
      default -> throw Fields.malformed("direction", "is neither from-device nor to-device");
    };
  }

  private static int type(String icmpType, String peer) {
    try {
      return IcmpTypes.one(icmpType, peer);
    } catch (IcmpTypes.Malformed e) {
      throw Fields.malformed("icmpType", "cannot be asked: " + e.getMessage());
    }
  }
}
