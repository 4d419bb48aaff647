package io.sallyport.decision;

import io.sallyport.decision.Fleet.ProfilePolicies;
import io.sallyport.events.Changes.Change;
import io.sallyport.kernel.Page;
import io.sallyport.policy.PolicySet;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Where the fleet is read from. Every call sees all that was committed before it. */
interface FleetSource {
  Optional<FleetDevice> device(UUID id);

  Optional<ProfilePolicies> profile(String name);

  PolicySet policies();

  Page<UUID> devices(@Nullable String cursor);

  Page<String> profiles(@Nullable String cursor);

  long position();

  List<Change> changesAfter(long position, int limit);
}
