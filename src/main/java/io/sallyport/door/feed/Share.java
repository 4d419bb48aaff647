package io.sallyport.door.feed;

import io.sallyport.door.feed.DevicePicture.LiveFlow;
import io.sallyport.enforcement.AddressBindings.AddressBinding;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.PointKind;
import io.sallyport.enforcement.PointSettings;
import io.sallyport.grants.Grants.GrantedFlow;
import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.Forbidden;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What one point sees of one device. Pure.
 *
 * @param entries by id
 * @param quarantined addresses that get nothing at all
 * @param unresolved peers that are known by name only, for which the point has no address
 */
record Share(Map<String, Entry> entries, Set<String> quarantined, Set<String> unresolved) {
  static final Share NOTHING = new Share(Map.of(), Set.of(), Set.of());

  static final String DEFAULT_SEGMENT = "default";

  Share {
    entries = Map.copyOf(entries);
    quarantined = Set.copyOf(quarantined);
    unresolved = Set.copyOf(unresolved);
  }

  boolean isEmpty() {
    return entries.isEmpty() && quarantined.isEmpty() && unresolved.isEmpty();
  }

  /** An address gets a grant's flows only through a live binding in the point's segment. */
  static Share of(EnforcementPoint point, @Nullable DevicePicture picture, Instant now) {
    if (picture == null || !point.settings().guardsSite(picture.site())) {
      return NOTHING;
    }
    PointSettings settings = point.settings();
    String segment = settings.parameters().getOrDefault("segment", DEFAULT_SEGMENT);
    List<AddressBinding> bindings = picture.bindings().stream()
        .filter(binding -> binding.segment().equals(segment) && binding.liveAt(now))
        .toList();
    if (bindings.isEmpty()) {
      return NOTHING;
    }
    Set<String> addresses = new TreeSet<>();
    bindings.forEach(binding -> addresses.add(spelled(binding.address())));
    if (picture.cut()) {
      return new Share(Map.of(), addresses, Set.of());
    }
    Map<String, Entry> entries = new LinkedHashMap<>();
    Set<String> unresolved = new TreeSet<>();
    for (LiveFlow flow : picture.flows()) {
      if (flow.expiresAt().isAfter(now)) {
        List<Destination> destinations =
            destinations(point, flow.flow(), picture.forbidden(), unresolved);
        bindings.forEach(binding ->
            destinations.forEach(destination -> add(entries, picture, binding, flow, destination)));
      }
    }
    return new Share(entries, Set.of(), unresolved);
  }

  /**
   * An address or prefix at which a flow ends.
   *
   * @param address empty for a list, which shows where flows begin
   */
  private record Destination(String address, List<String> ports) {}

  /**
   * Addresses and prefixes; a name that the point guards and has no address for is noted. What is forbidden by address is
   * left out of the addresses of a name, for which no policy could take it out.
   */
  private static List<Destination> destinations(
      EnforcementPoint point, GrantedFlow flow, Forbidden forbidden, Set<String> unresolved) {
    PointSettings settings = point.settings();
    String peer = flow.peer();
    List<String> guarded = settings.guarded(peer);
    if (guarded.isEmpty() || IpPrefix.parse(peer) != null) {
      return guarded.stream().map(own -> new Destination(own, flow.ports())).toList();
    }
    if (point.kind() == PointKind.LIST) {
      return List.of(new Destination("", flow.ports()));
    }
    List<String> addresses = settings.hosts().entrySet().stream()
        .filter(host -> host.getKey().equalsIgnoreCase(peer))
        .flatMap(host -> host.getValue().stream())
        .toList();
    if (addresses.isEmpty()) {
      unresolved.add(peer);
    }
    return addresses.stream()
        .flatMap(address -> forbidden.leaves(address, flow.protocol(), flow.ports()).stream()
            .map(left -> new Destination(address, left.ports())))
        .toList();
  }

  private static void add(
      Map<String, Entry> entries,
      DevicePicture picture,
      AddressBinding binding,
      LiveFlow flow,
      Destination destination) {
    IpPrefix source = IpPrefix.parseAddress(binding.address());
    IpPrefix target = destination.address.isEmpty() ? source : IpPrefix.parse(destination.address);
    if (source == null || target == null || source.isFour() != target.isFour()) {
      return;
    }
    List<String> ports = destination.ports.isEmpty() ? List.of("") : destination.ports;
    for (String each : ports) {
      int colon = each.indexOf(':');
      // Of a peer by name the types of ICMP say for which version of IP they are.
      if (colon >= 0 && each.startsWith("v4") != target.isFour()) {
        continue;
      }
      String port = each.substring(colon + 1);
      Entry entry = new Entry(
          spelled(binding.address()),
          flow.flow().peer(),
          destination.address,
          flow.flow().protocol(),
          port,
          flow.issuedAt(),
          flow.expiresAt().isBefore(binding.until()) ? flow.expiresAt() : binding.until(),
          picture.device(),
          flow.grant(),
          flow.essential());
      entries.put(entry.id(), entry);
    }
  }

  private static String spelled(String address) {
    IpPrefix parsed = IpPrefix.parseAddress(address);
    return parsed == null ? address : parsed.address();
  }
}
