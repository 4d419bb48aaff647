package io.sallyport.enforcement;

import io.sallyport.kernel.IpPrefix;
import io.sallyport.kernel.Refusal;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a point guards and how it is reached. A point sees only what it guards.
 *
 * @param sites of the devices that it sees; empty for all
 * @param peers DNS names and CIDR prefixes that it stands in front of; empty for all
 * @param hosts addresses of peers that are known by a DNS name, for points that only see addresses
 * @param worstCaseDelay from a change to its effect at the point, as its operator declares it; null for the kind's usual
 * @param parameters by the names of {@link PointKind#parameters()}
 */
public record PointSettings(
    Set<String> sites,
    List<String> peers,
    Map<String, List<String>> hosts,
    @Nullable Duration worstCaseDelay,
    Map<String, String> parameters) {
  public static final PointSettings NONE =
      new PointSettings(Set.of(), List.of(), Map.of(), null, Map.of());

  /** The parameter that says what the access servers behind a RADIUS point can be told, words joined by commas. */
  public static final String ABILITIES = "abilities";

  /** They take a security group tag as Cisco's. */
  public static final String CISCO_SGT = "cisco-sgt";

  /** They bound the rate by the attributes of the Wi-Fi Alliance's WISPr. */
  public static final String WISPR_RATE = "wispr-rate";

  /** More than any point stands in front of; bounds a feed's work. */
  private static final int MOST = 1000;

  private static final int LONGEST = 253;
  private static final Duration LONGEST_DELAY = Duration.ofHours(24);

  public PointSettings {
    sites = Set.copyOf(sites);
    peers = List.copyOf(peers);
    hosts = hosts.entrySet().stream()
        .collect(
            Collectors.toUnmodifiableMap(Map.Entry::getKey, host -> List.copyOf(host.getValue())));
    parameters = Map.copyOf(parameters);
  }

  /** Whether a point with these settings sees a device of this site; null for a device of which none is known. */
  public boolean guardsSite(@Nullable String site) {
    return sites.isEmpty() || site != null && sites.contains(site);
  }

  /** Whether it stands in front of this peer: the same DNS name, or an address or prefix within one of its prefixes. */
  public boolean guardsPeer(String peer) {
    return peers.isEmpty() || peers.stream().anyMatch(own -> covers(own, peer));
  }

  /**
   * The parts of {@code peer} that it stands in front of: the peer itself, its own prefixes within a wider one, or nothing.
   */
  public List<String> guarded(String peer) {
    if (guardsPeer(peer)) {
      return List.of(peer);
    }
    return peers.stream().filter(own -> covers(peer, own)).distinct().toList();
  }

  private static boolean covers(String own, String peer) {
    if (own.equalsIgnoreCase(peer)) {
      return true;
    }
    IpPrefix prefix = IpPrefix.parse(own);
    IpPrefix asked = IpPrefix.parse(peer);
    return prefix != null && asked != null && prefix.covers(asked);
  }

  /** Refuses with {@code invalid-enforcement-point} what the kind does not know or nobody could mean. */
  void require(PointKind kind) {
    if (sites.size() > MOST || peers.size() > MOST || hosts.size() > MOST) {
      throw invalid("Name at most " + MOST + " sites, peers and hosts.");
    }
    sites.forEach(site -> requireText("sites", site));
    peers.forEach(peer -> requireText("peers", peer));
    hosts.forEach((name, addresses) -> {
      requireText("hosts", name);
      if (addresses.isEmpty() || addresses.size() > MOST) {
        throw invalid("hosts." + name + " needs at least one address.");
      }
      addresses.forEach(address -> {
        if (IpPrefix.parseAddress(address) == null) {
          throw invalid("hosts." + name + " must list IP addresses.");
        }
      });
    });
    if (worstCaseDelay != null
        && (worstCaseDelay.isNegative() || worstCaseDelay.compareTo(LONGEST_DELAY) > 0)) {
      throw invalid("worst_case_delay must lie between PT0S and " + LONGEST_DELAY + ".");
    }
    parameters.forEach((name, value) -> {
      if (!kind.parameters().contains(name)) {
        throw invalid("A point of kind " + kind.word() + " has no parameter \"" + name + "\""
            + (kind.parameters().isEmpty()
                ? "."
                : "; it has "
                    + String.join(", ", kind.parameters().stream().sorted().toList()) + "."));
      }
      requireText("parameters." + name, value);
      if (name.equals(ABILITIES) && !Set.of(CISCO_SGT, WISPR_RATE).containsAll(abilities(value))) {
        throw invalid("parameters." + ABILITIES + " must be " + CISCO_SGT + ", " + WISPR_RATE
            + " or both, joined by a comma.");
      }
      if (name.equals("push") && !isPushable(value)) {
        throw invalid(
            "parameters.push must be an https URL without user and password, or an http URL"
                + " at 127.0.0.1 or [::1].");
      }
    });
  }

  /** The words of {@link #ABILITIES}. */
  public static Set<String> abilities(String words) {
    return Stream.of(words.split(",", -1))
        .map(String::strip)
        .filter(word -> !word.isEmpty())
        .collect(Collectors.toSet());
  }

  private static boolean isPushable(String value) {
    try {
      URI address = new URI(value);
      boolean here = "http".equals(address.getScheme())
          && ("127.0.0.1".equals(address.getHost()) || "[::1]".equals(address.getHost()));
      return address.getHost() != null
          && address.getUserInfo() == null
          && ("https".equals(address.getScheme()) || here);
    } catch (URISyntaxException e) {
      return false;
    }
  }

  private static void requireText(String name, String value) {
    if (value.isBlank()
        || value.length() > LONGEST
        || value.chars().anyMatch(Character::isISOControl)) {
      throw invalid(name + " must hold 1 to " + LONGEST + " printable characters.");
    }
  }

  private static Refusal invalid(String detail) {
    return new Refusal(EnforcementProblem.INVALID_ENFORCEMENT_POINT, detail);
  }
}
