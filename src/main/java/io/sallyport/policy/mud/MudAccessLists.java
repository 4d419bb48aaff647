package io.sallyport.policy.mud;

import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.mud.MudFile.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads access lists (RFC 8519 with the matches of RFC 8520). An entry that only lets the answers of the other direction
 * pass comes to nothing; one that says what a policy cannot say is refused, never widened.
 */
final class MudAccessLists {
  private static final int MOST_ENTRIES = 256;
  private static final int MOST_TEXT = 255;

  private static final Pattern DNS_NAME = Pattern.compile(
      "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*");

  /** What a peer may be that only the network it stands in can tell (RFC 8520 §3). */
  private static final List<String> PLAIN =
      List.of("my-controller", "local-networks", "same-manufacturer");

  private static final List<String> NAMED = List.of("controller", "manufacturer", "model");

  /** Peers of entries from the device without ports; the entry to the device beside each lets its answers pass. */
  private final List<String> openedWhole = new ArrayList<>();

  List<Entry> read(MudNode list, Direction direction) {
    String type = list.need("type").text(MOST_TEXT);
    boolean four = switch (type) {
      case "ipv4-acl-type", "ietf-access-control-list:ipv4-acl-type" -> true;
      case "ipv6-acl-type", "ietf-access-control-list:ipv6-acl-type" -> false;
      default -> throw list.need("type").fault("must be ipv4-acl-type or ipv6-acl-type");
    };
    List<Entry> entries = new ArrayList<>();
    list.need("aces")
        .object("ace")
        .need("ace")
        .items(MOST_ENTRIES)
        .forEach(ace -> read(ace, direction, four).ifPresent(entries::add));
    return entries;
  }

  private Optional<Entry> read(MudNode ace, Direction direction, boolean four) {
    ace.object("name", "matches", "actions");
    MudNode forwarding = ace.need("actions").object("forwarding").need("forwarding");
    String action = forwarding.text(MOST_TEXT);
    if (!action.equals("accept") && !action.equals("ietf-access-control-list:accept")) {
      throw forwarding.fault("must be accept: what a MUD file does not accept is denied");
    }
    MudNode matches =
        ace.need("matches").object(four ? "ipv4" : "ipv6", "tcp", "udp", "icmp", "ietf-mud:mud");
    boolean from = direction == Direction.FROM_DEVICE;
    Optional<MudNode> ip = matches.find(four ? "ipv4" : "ipv6");
    @Nullable String concrete = ip.map(node -> peer(node, from, four)).orElse(null);
    @Nullable
    String asked =
        matches.find("ietf-mud:mud").map(MudAccessLists::abstractPeer).orElse(null);
    if ((concrete == null) == (asked == null)) {
      throw matches.fault("must name one peer, by name, by prefix or by ietf-mud:mud");
    }
    String peer = asked == null ? java.util.Objects.requireNonNull(concrete) : asked;
    List<String> protocols = protocols(matches, ip);
    Optional<MudNode> transport = matches.find("tcp").or(() -> matches.find("udp"));
    transport.ifPresent(
        node -> node.object("source-port", "destination-port", "ietf-mud:direction-initiated"));
    Optional<MudNode> sourcePort = transport.flatMap(node -> node.find("source-port"));
    Optional<MudNode> destinationPort = transport.flatMap(node -> node.find("destination-port"));
    Optional<Direction> opened = transport
        .flatMap(node -> node.find("ietf-mud:direction-initiated"))
        .map(MudAccessLists::initiated);
    if (opened.isPresent() && opened.get() != direction
        || sourcePort.isPresent() && destinationPort.isEmpty()) {
      return Optional.empty();
    }
    if (sourcePort.isPresent()) {
      throw sourcePort.get().fault("beside a destination-port cannot be said in a policy");
    }
    String whole = peer + " " + protocols;
    if (destinationPort.isEmpty() && opened.isEmpty()) {
      if (from) {
        openedWhole.add(whole);
      } else if (openedWhole.contains(whole)) {
        return Optional.empty();
      }
    }
    return Optional.of(new Entry(
        ace.need("name").text(MOST_TEXT),
        ace.path(),
        direction,
        peer,
        asked != null,
        protocols,
        destinationPort.map(MudAccessLists::ports).map(List::of).orElse(List.of()),
        matches
            .find("icmp")
            .map(icmp -> icmp.object("type").need("type").number(0, 255))
            .map(type -> List.of((four ? "v4:" : "v6:") + type))
            .orElse(List.of())));
  }

  /** Or null when only the protocol is named. */
  private static @Nullable String peer(MudNode ip, boolean from, boolean four) {
    String version = four ? "ipv4" : "ipv6";
    String network = (from ? "destination-" : "source-") + version + "-network";
    String name = from ? "ietf-acldns:dst-dnsname" : "ietf-acldns:src-dnsname";
    ip.object("protocol", network, name);
    Optional<MudNode> prefix = ip.find(network);
    Optional<MudNode> dns = ip.find(name);
    if (prefix.isPresent() && dns.isPresent()) {
      throw ip.fault("names both a prefix and a name");
    }
    if (prefix.isPresent()) {
      String text = prefix.get().text(64).toLowerCase(Locale.ROOT);
      IpPrefix read = IpPrefix.parse(text);
      if (read == null || read.isFour() != four || !read.isCanonical()) {
        throw prefix
            .get()
            .fault("must be an " + version + " prefix without bits behind its length");
      }
      return text;
    }
    return dns.map(node -> {
          String text = node.text(253).toLowerCase(Locale.ROOT);
          if (!DNS_NAME.matcher(text).matches()) {
            throw node.fault("must be a DNS name");
          }
          return text;
        })
        .orElse(null);
  }

  private static String abstractPeer(MudNode mud) {
    mud.object(
        "my-controller",
        "local-networks",
        "same-manufacturer",
        "controller",
        "manufacturer",
        "model");
    if (mud.json().size() != 1) {
      throw mud.fault("must name one peer");
    }
    String kind = mud.json().fieldNames().next();
    MudNode value = mud.need(kind);
    if (PLAIN.contains(kind)) {
      value.empty();
      return kind;
    }
    if (!NAMED.contains(kind)) {
      throw value.fault("is not supported");
    }
    return kind + ":" + value.text(MOST_TEXT);
  }

  private static List<String> protocols(MudNode matches, Optional<MudNode> ip) {
    boolean tcp = matches.find("tcp").isPresent();
    boolean udp = matches.find("udp").isPresent();
    boolean icmp = matches.find("icmp").isPresent();
    if (tcp && udp || icmp && (tcp || udp)) {
      throw matches.fault("names two of tcp, udp and icmp");
    }
    Optional<String> numbered = ip.flatMap(node -> node.find("protocol"))
        .map(node -> switch (node.number(0, 255)) {
          case 6 -> "tcp";
          case 17 -> "udp";
          case 1, 58 -> "icmp";
          default -> throw node.fault("must be 6 (tcp), 17 (udp), 1 or 58 (icmp)");
        });
    if (!tcp && !udp && !icmp) {
      return numbered.map(List::of).orElse(List.of("tcp", "udp", "icmp"));
    }
    String named = tcp ? "tcp" : udp ? "udp" : "icmp";
    if (numbered.isPresent() && !numbered.get().equals(named)) {
      throw matches.fault("names two protocols");
    }
    return List.of(named);
  }

  private static Direction initiated(MudNode value) {
    return switch (value.text(32)) {
      case "from-device" -> Direction.FROM_DEVICE;
      case "to-device" -> Direction.TO_DEVICE;
      default -> throw value.fault("must be from-device or to-device");
    };
  }

  /** As a policy writes it. */
  private static String ports(MudNode value) {
    if (value.find("lower-port").isPresent()) {
      value.object("operator", "lower-port", "upper-port");
      value.find("operator").ifPresent(operator -> {
        if (!operator.text(16).equals("range")) {
          throw operator.fault("must be range beside lower-port");
        }
      });
      int lower = value.need("lower-port").number(0, 65_535);
      int upper = value.need("upper-port").number(lower, 65_535);
      return range(value, lower, upper);
    }
    value.object("operator", "port");
    int port = value.need("port").number(0, 65_535);
    return switch (value.find("operator").map(node -> node.text(16)).orElse("eq")) {
      case "eq" -> range(value, port, port);
      case "lte" -> range(value, 1, port);
      case "gte" -> range(value, port, 65_535);
      default -> throw value.need("operator").fault("must be eq, lte, gte or range");
    };
  }

  private static String range(MudNode value, int lower, int upper) {
    if (upper == 0) {
      throw value.fault("names port 0, which a policy cannot");
    }
    int first = Math.max(1, lower);
    return first == upper ? Integer.toString(first) : first + "-" + upper;
  }
}
