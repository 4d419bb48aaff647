package io.sallyport.policy;

import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.FlowRule.PortRange;
import io.sallyport.policy.Question.RequestedFlow;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Types of ICMP messages, which the two versions number each for itself (RFC 792, RFC 4443): as text, {@code 8} or {@code
 * 0-7} where the peer's address tells the version, otherwise {@code v4:8} and {@code v6:128}; and as a number in place of a
 * port, 1 to 256 for those of IPv4 and 257 to 512 for those of IPv6, 0 for all of them.
 */
public final class IcmpTypes {
  private static final int TYPES = 256;
  private static final PortRange FOUR = new PortRange(1, TYPES);
  private static final PortRange SIX = new PortRange(TYPES + 1, 2 * TYPES);

  private static final Pattern NUMBERS =
      Pattern.compile("(v4:|v6:)?([0-9]{1,3})(?:-([0-9]{1,3}))?");

  /** A message that one version does not have. */
  private static final int NONE = -1;

  private static final Map<String, int[]> NAMES = new LinkedHashMap<>();

  static {
    NAMES.put("echo-reply", new int[] {0, 129});
    NAMES.put("destination-unreachable", new int[] {3, 1});
    NAMES.put("redirect", new int[] {5, 137});
    NAMES.put("echo-request", new int[] {8, 128});
    NAMES.put("router-advertisement", new int[] {9, 134});
    NAMES.put("router-solicitation", new int[] {10, 133});
    NAMES.put("time-exceeded", new int[] {11, 3});
    NAMES.put("parameter-problem", new int[] {12, 4});
    NAMES.put("timestamp-request", new int[] {13, NONE});
    NAMES.put("timestamp-reply", new int[] {14, NONE});
    NAMES.put("packet-too-big", new int[] {NONE, 2});
    NAMES.put("neighbor-solicitation", new int[] {NONE, 135});
    NAMES.put("neighbor-advertisement", new int[] {NONE, 136});
  }

  private IcmpTypes() {}

  /** What is none, in words that say what to write instead. */
  public static final class Malformed extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    Malformed(String reason) {
      super(reason);
    }
  }

  /**
   * What a text means for {@code peer}, a DNS name, an address or a prefix: a type's number stands in place of a port.
   * Throws {@link Malformed}; that is when it is several, too.
   */
  public static int one(String text, String peer) {
    List<PortRange> ranges = read(text, IpPrefix.parse(peer));
    if (ranges.size() != 1 || ranges.getFirst().first() != ranges.getFirst().last()) {
      throw new Malformed(YamlReader.quoted(text)
          + " is of IPv4 and of IPv6; of a peer by name ask for v4:8 or v6:128, one at a time");
    }
    return ranges.getFirst().first();
  }

  /** One type as text; empty for 0, which is all. */
  public static Optional<String> text(int type, String peer) {
    return type == 0
        ? Optional.empty()
        : Optional.of(text(new PortRange(type, type), IpPrefix.parse(peer)));
  }

  /** The port that is asked for, 0 of icmp. */
  public static int port(RequestedFlow flow) {
    return flow.protocol().equals(FlowRule.ICMP) ? 0 : flow.port();
  }

  /** The type that is asked for of icmp; empty for all, and of other protocols. */
  public static Optional<String> type(RequestedFlow flow) {
    return flow.protocol().equals(FlowRule.ICMP)
        ? text(flow.port(), flow.peer())
        : Optional.empty();
  }

  /** The first and the last type of what {@link #text} says, where v6 has its types behind those of v4. */
  public static int[] ends(String text) {
    int colon = text.indexOf(':');
    int dash = text.indexOf('-');
    int first = Integer.parseInt(text.substring(colon + 1, dash < 0 ? text.length() : dash));
    int last = dash < 0 ? first : Integer.parseInt(text.substring(dash + 1));
    int before = text.startsWith("v6:") ? TYPES : 0;
    return new int[] {before + first, before + last};
  }

  /** What {@link #ends} gave, as text; both ends of one version. */
  public static String between(int first, int last, boolean byName) {
    return (byName ? first < TYPES ? "v4:" : "v6:" : "")
        + new PortRange(byName ? first % TYPES : first, byName ? last % TYPES : last);
  }

  /** All of them that there are between the device and the peer; {@code prefix} is null when that has a name. */
  static List<PortRange> all(@Nullable IpPrefix prefix) {
    return prefix == null ? List.of(FOUR, SIX) : List.of(prefix.isFour() ? FOUR : SIX);
  }

  /** Reads one that a document or a question names. Throws {@link Malformed}. */
  static List<PortRange> read(String text, @Nullable IpPrefix prefix) {
    int[] named = NAMES.get(text);
    if (named != null) {
      List<PortRange> both = Stream.of(key(named[0], true), key(named[1], false))
          .flatMap(Optional::stream)
          .toList();
      List<PortRange> here = of(both, prefix);
      if (here.isEmpty()) {
        throw new Malformed(YamlReader.quoted(text) + " is not a type of " + version(prefix)
            + ", which the peer has");
      }
      return here;
    }
    Matcher numbers = NUMBERS.matcher(text);
    if (!numbers.matches()) {
      throw new Malformed(YamlReader.quoted(text)
          + " is not a type of ICMP from 0 to 255, a range such as \"13-14\" or one of "
          + String.join(", ", NAMES.keySet()));
    }
    int first = Integer.parseInt(numbers.group(2));
    int last = numbers.group(3) == null ? first : Integer.parseInt(numbers.group(3));
    if (last >= TYPES || first > last) {
      throw new Malformed(
          YamlReader.quoted(text) + " is not within 0 to 255, the lower type first");
    }
    String tag = numbers.group(1);
    if (tag == null && prefix == null) {
      throw new Malformed(YamlReader.quoted(text)
          + " means one thing in IPv4 and another in IPv6, and the peer may have both: write \"v4:"
          + text + "\", \"v6:" + text + "\" or a name such as echo-request");
    }
    boolean four = tag == null ? prefix != null && prefix.isFour() : tag.equals("v4:");
    if (prefix != null && prefix.isFour() != four) {
      throw new Malformed(YamlReader.quoted(text) + " is not a type of " + version(prefix)
          + ", which the peer has");
    }
    int before = four ? 1 : 1 + TYPES;
    return List.of(new PortRange(before + first, before + last));
  }

  private static String version(@Nullable IpPrefix prefix) {
    return prefix != null && prefix.isFour() ? "IPv4" : "IPv6";
  }

  private static Optional<PortRange> key(int type, boolean four) {
    int key = type + (four ? 1 : 1 + TYPES);
    return type == NONE ? Optional.empty() : Optional.of(new PortRange(key, key));
  }

  /** Those of {@code types} that there are between the device and the peer. */
  static List<PortRange> of(List<PortRange> types, @Nullable IpPrefix prefix) {
    return Ports.minus(types, prefix == null ? List.of() : List.of(prefix.isFour() ? SIX : FOUR));
  }

  /** As flows have them: nothing when they are all. */
  static List<String> texts(List<PortRange> types, @Nullable IpPrefix prefix) {
    if (Ports.minus(all(prefix), types).isEmpty()) {
      return List.of();
    }
    return types.stream()
        .flatMap(range -> Stream.of(FOUR, SIX)
            .filter(range::meets)
            .map(version -> new PortRange(
                Math.max(range.first(), version.first()), Math.min(range.last(), version.last()))))
        .map(range -> text(range, prefix))
        .toList();
  }

  private static String text(PortRange range, @Nullable IpPrefix prefix) {
    boolean four = range.first() <= TYPES;
    int before = four ? 1 : 1 + TYPES;
    return (prefix != null ? "" : four ? "v4:" : "v6:")
        + new PortRange(range.first() - before, range.last() - before);
  }
}
