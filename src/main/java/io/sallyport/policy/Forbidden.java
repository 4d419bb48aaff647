package io.sallyport.policy;

import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.FlowRule.PortRange;
import io.sallyport.policy.Verdict.AllowedFlow;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is forbidden a device by address, or not known not to be. In the language a name and a prefix do not meet; whoever
 * turns a permitted name into addresses takes out what is forbidden there.
 */
public final class Forbidden {
  public static final Forbidden NOTHING = new Forbidden(List.of(), null);

  private final List<FlowRule> rules;
  private final @Nullable Instant end;

  Forbidden(List<FlowRule> rules, @Nullable Instant end) {
    this.rules = rules.stream().filter(rule -> rule.prefix() != null).toList();
    this.end = end;
  }

  /** The first moment from which on this may be something else without the fleet having changed, or null. */
  public @Nullable Instant end() {
    return end;
  }

  Forbidden until(Instant other) {
    return new Forbidden(rules, AccessPolicy.earlier(end, other));
  }

  /**
   * What is left of a flow to {@code address}, one of a peer by name, that the device opens.
   *
   * @param ports single ports and {@code a-b} ranges; of icmp its types with their version, empty for all
   * @return with ports that are left; empty when nothing is, also where that would be too many pieces
   */
  public List<AllowedFlow> leaves(String address, String protocol, List<String> ports) {
    IpPrefix prefix = IpPrefix.parse(address);
    List<PortRange> ranges = protocol.equals(FlowRule.ICMP)
        ? types(ports, prefix)
        : ports.stream().map(PortRange::parse).toList();
    if (ranges.isEmpty()) {
      return List.of();
    }
    AllowedFlow whole =
        FlowRule.flow(address, protocol, ranges, Question.Direction.FROM_DEVICE, prefix);
    FlowRule rule = FlowRule.of("", AccessPolicy.Effect.PERMIT, "", whole, prefix, ranges, null);
    List<AllowedFlow> left = Subtraction.of(List.of(rule), rules);
    return left == null ? List.of() : left;
  }

  /** Of a peer by name, and of those what there is at an address that it has. */
  private static List<PortRange> types(List<String> texts, @Nullable IpPrefix prefix) {
    return texts.isEmpty()
        ? IcmpTypes.all(prefix)
        : IcmpTypes.of(
            texts.stream().flatMap(text -> IcmpTypes.read(text, null).stream()).toList(), prefix);
  }
}
