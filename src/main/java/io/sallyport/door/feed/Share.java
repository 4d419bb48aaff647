package io.sallyport.door.feed;

import io.sallyport.door.feed.DevicePicture.LiveFlow;
import io.sallyport.enforcement.AddressBindings.AddressBinding;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.PointKind;
import io.sallyport.enforcement.PointSettings;
import io.sallyport.kernel.IpPrefix;
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
        List<String> destinations = destinations(point, flow.flow().peer(), unresolved);
        bindings.forEach(binding ->
            destinations.forEach(destination -> add(entries, picture, binding, flow, destination)));
      }
    }
    return new Share(entries, Set.of(), unresolved);
  }

  /** Addresses and prefixes; a name that the point guards and has no address for is noted. */
  private static List<String> destinations(
      EnforcementPoint point, String peer, Set<String> unresolved) {
    PointSettings settings = point.settings();
    List<String> guarded = settings.guarded(peer);
    if (guarded.isEmpty() || IpPrefix.parse(peer) != null) {
      return guarded;
    }
    if (point.kind() == PointKind.LIST) {
      return List.of("");
    }
    List<String> addresses = settings.hosts().entrySet().stream()
        .filter(host -> host.getKey().equalsIgnoreCase(peer))
        .flatMap(host -> host.getValue().stream())
        .toList();
    if (addresses.isEmpty()) {
      unresolved.add(peer);
    }
    return addresses;
  }

  private static void add(
      Map<String, Entry> entries,
      DevicePicture picture,
      AddressBinding binding,
      LiveFlow flow,
      String destination) {
    IpPrefix source = IpPrefix.parseAddress(binding.address());
    IpPrefix target = destination.isEmpty() ? source : IpPrefix.parse(destination);
    if (source == null || target == null || source.isFour() != target.isFour()) {
      return;
    }
    List<String> ports =
        flow.flow().ports().isEmpty() ? List.of("") : flow.flow().ports();
    for (String port : ports) {
      Entry entry = new Entry(
          spelled(binding.address()),
          flow.flow().peer(),
          destination,
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
