package io.sallyport.policy;

import static io.sallyport.policy.YamlReader.quoted;

import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.AccessPolicy.Effect;
import io.sallyport.policy.FlowRule.PortRange;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Segment.Peer;
import io.sallyport.policy.Verdict.AllowedFlow;
import io.sallyport.policy.Verdict.Essential;
import io.sallyport.policy.YamlNode.Kind;
import io.sallyport.policy.YamlNode.Mapping;
import io.sallyport.policy.YamlNode.Scalar;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the rules of one document. Refuses as {@link PolicyReader} does. */
final class FlowReader {
  private static final Duration MOST_ESSENTIAL = Duration.ofDays(30);

  static final int MOST_FLOWS = 256;
  static final int MOST_PORTS = 64;
  private static final int MOST_DNS_NAME = 253;

  private static final Pattern DNS_NAME = Pattern.compile(
      "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*");

  /** A name that ends in a number is an IPv4 address gone wrong. */
  private static final Pattern ENDS_IN_NUMBER = Pattern.compile("(?:.*\\.)?[0-9]+");

  private static final Pattern PORTS = Pattern.compile("([1-9][0-9]{0,4})(?:-([1-9][0-9]{0,4}))?");

  private final String policy;
  private final Effect effect;
  private final Set<String> names = new HashSet<>();

  FlowReader(String policy, Effect effect) {
    this.policy = policy;
    this.effect = effect;
  }

  List<FlowRule> rules(YamlValue value) {
    List<YamlValue> items = value.items(MOST_FLOWS);
    List<FlowRule> rules = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      rules.add(rule(items.get(i), (effect == Effect.FORBID ? "deny[" : "allow[") + i + "]"));
    }
    return rules;
  }

  private FlowRule rule(YamlValue value, String place) {
    if (effect == Effect.FORBID) {
      value.section("name", "peer", "protocol", "ports", "icmpTypes", "direction");
    } else {
      value.section("name", "peer", "protocol", "ports", "icmpTypes", "direction", "essential");
    }
    String name = value.find("name").map(this::name).orElse(place);
    YamlValue at = value.need("peer");
    Peer peer = at.node() instanceof Mapping ? named(at.section("segment", "mud")) : peer(at);
    String protocol = value.need("protocol").word(List.of("tcp", "udp", "icmp"));
    List<PortRange> ports = ports(value, protocol, peer.prefix());
    AllowedFlow flow = FlowRule.flow(
        peer.text(),
        protocol,
        ports,
        value.find("direction").map(FlowReader::direction).orElse(Direction.FROM_DEVICE),
        peer.prefix());
    Essential essential = value.find("essential").map(FlowReader::essential).orElse(null);
    return peer.inSegment()
        ? new FlowRule(name, flow, null, ports, essential, peer.text(), List.of())
        : FlowRule.of(policy, effect, name, flow, peer.prefix(), ports, essential);
  }

  /** A segment by its name, or those that stand for what a MUD file names. */
  private static Peer named(YamlValue value) {
    Optional<YamlValue> mud = value.find("mud");
    if (mud.isPresent() == value.find("segment").isPresent()) {
      throw value.fault("needs segment or mud, and not both");
    }
    return new Peer(
        mud.map(peer -> MudPeers.mark(MudPeers.read(peer)))
            .orElseGet(() -> PolicyReader.name(value.need("segment"))),
        null,
        true);
  }

  /** A DNS name, an address or a prefix. */
  static Peer peer(YamlValue value) {
    String text = value.text(MOST_DNS_NAME).toLowerCase(Locale.ROOT);
    IpPrefix prefix = prefix(value, text);
    if (prefix != null && text.indexOf('/') < 0) {
      text += text.indexOf(':') < 0 ? "/32" : "/128";
    }
    return new Peer(text, prefix, false);
  }

  /** Whether {@code name}, in lower case, is a DNS name that a rule may have for a peer. */
  static boolean isDnsName(String name) {
    return name.length() <= MOST_DNS_NAME
        && DNS_NAME.matcher(name).matches()
        && !ENDS_IN_NUMBER.matcher(name).matches();
  }

  private String name(YamlValue value) {
    String name = PolicyReader.name(value);
    if (!names.add(name)) {
      throw value.fault("another rule has the name " + quoted(name) + " already");
    }
    return name;
  }

  private static Direction direction(YamlValue value) {
    return value.word(List.of("from-device", "to-device")).equals("from-device")
        ? Direction.FROM_DEVICE
        : Direction.TO_DEVICE;
  }

  private static @Nullable IpPrefix prefix(YamlValue value, String peer) {
    IpPrefix prefix = IpPrefix.parse(peer);
    if (prefix != null) {
      if (!prefix.isCanonical()) {
        throw value.fault(quoted(peer)
            + " has bits set behind its prefix length; write the first address of the network");
      }
      return prefix;
    }
    if (peer.indexOf('/') >= 0
        || peer.indexOf(':') >= 0
        || ENDS_IN_NUMBER.matcher(peer).matches()) {
      throw value.fault(quoted(peer)
          + " is not an IP address or CIDR prefix, for instance 10.20.0.0/16 or 2001:db8::/32");
    }
    if (!DNS_NAME.matcher(peer).matches()
        || !value.text(MOST_DNS_NAME).chars().allMatch(c -> c < 128)) {
      throw value.fault(quoted(peer) + " is neither a DNS name nor a CIDR prefix");
    }
    return null;
  }

  private static List<PortRange> ports(YamlValue rule, String protocol, @Nullable IpPrefix prefix) {
    Optional<YamlValue> ports = rule.find("ports");
    Optional<YamlValue> types = rule.find("icmpTypes");
    if (protocol.equals(FlowRule.ICMP)) {
      if (ports.isPresent()) {
        throw ports.get().fault("icmp has no ports; leave the field out, or write icmpTypes");
      }
      return types
          .map(all -> all.items(MOST_PORTS).stream()
              .flatMap(type -> icmpTypes(type, prefix).stream())
              .distinct()
              .toList())
          .orElseGet(() -> IcmpTypes.all(prefix));
    }
    if (types.isPresent()) {
      throw types.get().fault(protocol + " has ports; write ports, or protocol: icmp");
    }
    return rule.need("ports").items(MOST_PORTS).stream()
        .map(FlowReader::portRange)
        .toList();
  }

  private static List<PortRange> icmpTypes(YamlValue value, @Nullable IpPrefix prefix) {
    if (!(value.node() instanceof Scalar scalar)
        || (scalar.kind() != Kind.INTEGER && scalar.kind() != Kind.TEXT)) {
      throw value.fault("must be a type of ICMP such as 8 or echo-request");
    }
    try {
      return IcmpTypes.read(scalar.text(), prefix);
    } catch (IcmpTypes.Malformed e) {
      throw value.fault(String.valueOf(e.getMessage()));
    }
  }

  private static PortRange portRange(YamlValue value) {
    if (!(value.node() instanceof Scalar scalar)
        || (scalar.kind() != Kind.INTEGER && scalar.kind() != Kind.TEXT)) {
      throw value.fault("must be a port or a range such as \"9000-9010\"");
    }
    Matcher ports = PORTS.matcher(scalar.text());
    if (!ports.matches()) {
      throw value.fault(quoted(scalar.text())
          + " is not a port from 1 to 65535 or a range such as \"9000-9010\"");
    }
    int first = Integer.parseInt(ports.group(1));
    int last = ports.group(2) == null ? first : Integer.parseInt(ports.group(2));
    if (first > 65535 || last > 65535) {
      throw value.fault(quoted(scalar.text())
          + " is not a port from 1 to 65535 or a range such as \"9000-9010\"");
    }
    if (first > last) {
      throw value.fault(quoted(scalar.text()) + " runs backwards; write the lower port first");
    }
    return new PortRange(first, last);
  }

  private static Essential essential(YamlValue value) {
    value.section("owner", "longest");
    return new Essential(
        value.need("owner").text(PolicyReader.MOST_TEXT),
        value.need("longest").duration(MOST_ESSENTIAL));
  }
}
