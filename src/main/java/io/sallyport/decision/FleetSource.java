package io.sallyport.decision;

import io.sallyport.decision.Fleet.ProfilePolicies;
import io.sallyport.kernel.Page;
import io.sallyport.policy.PolicySet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Where the fleet is read from. Every call sees all that was committed before it. */
interface FleetSource {
  Optional<FleetDevice> device(UUID id);

  /** The same for several in one reading; a device that does not exist is not among them. */
  default Map<UUID, FleetDevice> devices(Collection<UUID> ids) {
    Map<UUID, FleetDevice> found = new HashMap<>();
    ids.forEach(id -> device(id).ifPresent(device -> found.put(id, device)));
    return found;
  }

  Optional<ProfilePolicies> profile(String name);

  PolicySet policies();

  /** The key identifiers of the authorities that were revoked, in lower-case hex. */
  Set<String> revokedIssuers();

  /** Devices as {@link #device} gives them, without those that are merely expected, a page in one reading. */
  Page<Loaded> devices(@Nullable String cursor);

  /**
   * All devices, part by part, perhaps by several threads at once. For each part {@code begin} is called before it is read,
   * and what that answers is told what was.
   */
  default void everyDevice(Supplier<Consumer<List<Loaded>>> begin) {
    String cursor = null;
    do {
      Consumer<List<Loaded>> read = begin.get();
      Page<Loaded> page = devices(cursor);
      read.accept(page.items());
      cursor = page.next();
    } while (cursor != null);
  }

  Page<String> profiles(@Nullable String cursor);

  long position();

  /** A device and its id. */
  record Loaded(UUID id, FleetDevice device) {}
}
