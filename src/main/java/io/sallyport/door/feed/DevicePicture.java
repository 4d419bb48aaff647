package io.sallyport.door.feed;

import io.sallyport.enforcement.AddressBindings.AddressBinding;
import io.sallyport.grants.Grants.GrantedFlow;
import io.sallyport.policy.Forbidden;
import io.sallyport.policy.Verdict.Essential;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What feeds know of one device.
 *
 * @param site null when memory does not have it
 * @param cut whether its addresses are quarantined: it is quarantined, suspended or decommissioned
 * @param bindings live
 * @param flows of its live grants
 * @param forbidden by address, whatever names the flows have
 * @param doubtful whether something about it could not be read yet: it has no flows then, and is read again soon
 */
record DevicePicture(
    UUID device,
    @Nullable String site,
    boolean cut,
    List<AddressBinding> bindings,
    List<LiveFlow> flows,
    Forbidden forbidden,
    boolean doubtful) {
  /** A binding may be prolonged without a change in the feed, so it is read again this long before its end. */
  private static final Duration AHEAD = Duration.ofSeconds(15);

  private static final Duration AGAIN = Duration.ofSeconds(1);

  DevicePicture {
    bindings = List.copyOf(bindings);
    flows = List.copyOf(flows);
  }

  /** A flow of a live grant. */
  record LiveFlow(
      UUID grant,
      GrantedFlow flow,
      Instant issuedAt,
      Instant expiresAt,
      @Nullable Essential essential) {}

  /** When time alone may have changed this picture. */
  Instant due(Instant now) {
    if (doubtful) {
      return now.plus(AGAIN);
    }
    Instant changing = flows.isEmpty() ? null : forbidden.end();
    Instant soonest = Stream.concat(
            bindings.stream().map(binding -> {
              Instant ahead = binding.until().minus(AHEAD);
              return ahead.isAfter(now) ? ahead : binding.until();
            }),
            flows.stream().map(LiveFlow::expiresAt))
        .min(Instant::compareTo)
        .orElse(Instant.MAX);
    return changing != null && changing.isBefore(soonest) ? changing : soonest;
  }
}
