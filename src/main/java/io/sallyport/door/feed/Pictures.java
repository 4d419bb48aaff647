package io.sallyport.door.feed;

import io.sallyport.decision.DecisionPoint;
import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.devices.DeviceState;
import io.sallyport.door.feed.DevicePicture.LiveFlow;
import io.sallyport.enforcement.AddressBindings;
import io.sallyport.enforcement.AddressBindings.AddressBinding;
import io.sallyport.grants.Grants;
import io.sallyport.grants.Grants.GrantedFlow;
import io.sallyport.grants.Grants.Live;
import io.sallyport.grants.Grants.LiveGrant;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Page;
import io.sallyport.policy.Forbidden;
import io.sallyport.policy.IcmpTypes;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict.Essential;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Devices that have an address, as feeds know them. For one thread at a time; reads the database, and refuses with {@code
 * unavailable} while this node is not confirmed current.
 */
@Singleton
final class Pictures {
  private static final int DEVICES_AT_ONCE = 500;

  private final AddressBindings bindings;
  private final Grants grants;
  private final DecisionPoint decisions;

  private final Map<UUID, DevicePicture> pictures = new HashMap<>();
  private final TreeMap<Instant, Set<UUID>> due = new TreeMap<>();
  private final Map<UUID, Instant> dueOf = new HashMap<>();

  Pictures(AddressBindings bindings, Grants grants, DecisionPoint decisions) {
    this.bindings = bindings;
    this.grants = grants;
    this.decisions = decisions;
  }

  @Nullable
  DevicePicture get(UUID device) {
    return pictures.get(device);
  }

  Set<UUID> devices() {
    return Set.copyOf(pictures.keySet());
  }

  void forget() {
    pictures.clear();
    due.clear();
    dueOf.clear();
  }

  /** Reads every device that has a live binding. */
  void load(Instant now) {
    forget();
    Map<UUID, List<AddressBinding>> all = new HashMap<>();
    List<AddressBinding> page;
    UUID cursor = null;
    do {
      page = bindings.after(null, cursor, Page.MOST);
      page.forEach(binding ->
          all.computeIfAbsent(binding.device(), device -> new ArrayList<>()).add(binding));
      cursor = page.isEmpty() ? null : page.getLast().id();
    } while (page.size() == Page.MOST);
    List<UUID> devices = new ArrayList<>(all.keySet());
    for (int from = 0; from < devices.size(); from += DEVICES_AT_ONCE) {
      List<UUID> some = devices.subList(from, Math.min(devices.size(), from + DEVICES_AT_ONCE));
      Live live = grants.live(some);
      some.forEach(device ->
          put(device, picture(device, all.getOrDefault(device, List.of()), live), now));
    }
  }

  /** Reads these devices again. */
  void read(Collection<UUID> devices, Instant now) {
    Map<UUID, List<AddressBinding>> bound = new HashMap<>();
    devices.forEach(device -> {
      List<AddressBinding> live = bindings.live(device);
      if (!live.isEmpty()) {
        bound.put(device, live);
      }
    });
    Live live = bound.isEmpty() ? new Live(Map.of(), Set.of()) : grants.live(bound.keySet());
    devices.forEach(device -> {
      List<AddressBinding> addresses = bound.get(device);
      put(device, addresses == null ? null : picture(device, addresses, live), now);
    });
  }

  private void put(UUID device, @Nullable DevicePicture picture, Instant now) {
    Instant before = dueOf.remove(device);
    if (before != null) {
      Set<UUID> others = due.get(before);
      if (others != null && others.remove(device) && others.isEmpty()) {
        due.remove(before);
      }
    }
    if (picture == null) {
      pictures.remove(device);
      return;
    }
    pictures.put(device, picture);
    Instant next = picture.due(now);
    if (next.isBefore(Instant.MAX)) {
      dueOf.put(device, next);
      due.computeIfAbsent(next, instant -> new HashSet<>()).add(device);
    }
  }

  /** Devices that are to be read again now. */
  List<UUID> due(Instant now, int most) {
    return due.headMap(now, true).values().stream()
        .flatMap(Set::stream)
        .limit(most)
        .toList();
  }

  private DevicePicture picture(UUID device, List<AddressBinding> addresses, Live live) {
    // Asked before the state is: what is read while it is in doubt is read again.
    boolean doubtful = live.doubtful().contains(device) || decisions.isDoubtful(device);
    Forbidden forbidden = decisions.forbidden(device);
    // Nothing is forbidden a device that nothing can be told of, so that is looked at behind it.
    doubtful |= decisions.isDoubtful(device);
    boolean cut = decisions.state(device).filter(Pictures::isCut).isPresent();
    List<LiveFlow> flows = new ArrayList<>();
    for (LiveGrant grant : doubtful ? List.<LiveGrant>of() : live.of(device)) {
      grant
          .flows()
          .forEach(flow -> flows.add(new LiveFlow(
              grant.id(), flow, grant.issuedAt(), grant.expiresAt(), essential(grant, flow))));
    }
    return new DevicePicture(
        device,
        decisions.site(device).orElse(null),
        cut,
        addresses,
        flows,
        flows.isEmpty() ? Forbidden.NOTHING : forbidden,
        doubtful);
  }

  private static boolean isCut(DeviceState state) {
    return switch (state) {
      case QUARANTINED, SUSPENDED, WIPING, DECOMMISSIONED -> true;
      case EXPECTED, ACTIVE -> false;
    };
  }

  /** Whether policy keeps the flow through a loss of Sallyport: asked for its first address and port. */
  private @Nullable Essential essential(LiveGrant grant, GrantedFlow flow) {
    String peer = flow.peer();
    int slash = peer.indexOf('/');
    String address = slash < 0 ? peer : peer.substring(0, slash);
    String ports = flow.ports().isEmpty() ? "0" : flow.ports().getFirst();
    int dash = ports.indexOf('-');
    String first = dash < 0 ? ports : ports.substring(0, dash);
    int port = flow.protocol().equals("icmp") && !flow.ports().isEmpty()
        ? IcmpTypes.one(first, address)
        : Integer.parseInt(first);
    Decision decision = decisions.decide(
        grant.thumbprint(), new RequestedFlow(address, flow.protocol(), port), Actor.SERVER);
    return decision.permit() && !decision.isProvisional() ? decision.verdict().essential() : null;
  }
}
