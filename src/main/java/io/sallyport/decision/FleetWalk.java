package io.sallyport.decision;

import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.decision.FleetDevice.LiveCredential;
import io.sallyport.kernel.CommonProblem;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.policy.PolicySet;
import io.sallyport.policy.Question.Place;
import io.sallyport.policy.Question.RequestedFlow;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Searches the {@link Fleet} shard by shard, in each by id, so that a cursor is the device that was looked at last. What is
 * enrolled behind the cursor meanwhile is found by the next search.
 */
@Singleton
final class FleetWalk implements FleetSearch {
  /** Devices that one call looks at: some tens of milliseconds. */
  private static final int MOST_LOOKED_AT = 10_000;

  private static final int HEX_DIGITS = 16;
  private static final UUID NOBODY = new UUID(0, 0);

  private final Fleet fleet;
  private final Judge judge;
  private final Freshness freshness;
  private final Clock clock;

  FleetWalk(Fleet fleet, Freshness freshness, Clock clock) {
    this.fleet = fleet;
    this.judge = new Judge(fleet);
    this.freshness = freshness;
    this.clock = clock;
  }

  @Override
  public Reach permitted(
      RequestedFlow flow, Predicate<String> site, Place place, @Nullable String cursor, int limit) {
    PolicySet policies = fleet.policies();
    requireCertain(site, policies);
    String search = search(flow, policies == null ? "" : policies.state());
    UUID after = cursor == null ? null : after(cursor, search);
    List<Found> found = new ArrayList<>();
    int looked = 0;
    for (int shard = after == null ? 0 : Fleet.shard(after); shard < Fleet.SHARDS; shard++) {
      for (FleetDevice device : fleet.shard(shard)) {
        if (after != null && shard == Fleet.shard(after) && device.id().compareTo(after) <= 0) {
          continue;
        }
        looked++;
        if (site.test(device.site())) {
          List<Digest> certificates = permitted(device, flow, place);
          if (!certificates.isEmpty()) {
            found.add(new Found(device.id(), certificates));
          }
        }
        if (looked == MOST_LOOKED_AT || found.size() == limit) {
          requireCertain(site, policies);
          return new Reach(found, search + device.id());
        }
      }
    }
    requireCertain(site, policies);
    return new Reach(found, null);
  }

  /** The certificates by which the device is permitted; empty when it is not. */
  private List<Digest> permitted(FleetDevice device, RequestedFlow flow, Place place) {
    Instant now = clock.instant();
    List<Digest> certificates = new ArrayList<>(1);
    for (LiveCredential credential : device.credentials()) {
      Decision decision = judge.judge(
          new Judge.Inquiry(NOBODY, device.id(), credential.thumbprint(), flow, place), now);
      if (decision.permit()) {
        certificates.add(credential.thumbprint());
      }
    }
    return certificates;
  }

  private void requireCertain(Predicate<String> site, @Nullable PolicySet policies) {
    if (!freshness.isCurrent()) {
      throw uncertain("This node is not confirmed current");
    }
    if (fleet.policies() != policies) {
      throw uncertain("The policies changed meanwhile");
    }
    for (Part part : fleet.doubtful()) {
      switch (part) {
        case Part.OfDevice(UUID id) -> {
          FleetDevice device = fleet.device(id);
          if (device == null || site.test(device.site())) {
            throw uncertain("A change of a device could not be read yet");
          }
        }
        case Part.OfProfile profile -> throw uncertain("A profile could not be read yet");
        case Part.OfPolicies all -> throw uncertain("The policies could not be read yet");
        case Part.OfAuthorities all -> throw uncertain("The authorities could not be read yet");
      }
    }
  }

  private static Refusal uncertain(String why) {
    return new Refusal(
        CommonProblem.UNAVAILABLE, why + ", so a search would not be complete; repeat it later.");
  }

  /** Names what is searched for, by which policies. */
  private static String search(RequestedFlow flow, String policyHash) {
    return Digest.of((flow + policyHash).getBytes(StandardCharsets.UTF_8))
        .hex()
        .substring(0, HEX_DIGITS);
  }

  private static UUID after(String cursor, String search) {
    if (!cursor.startsWith(search)) {
      throw new Refusal(
          CommonProblem.MALFORMED,
          "page.token is of another search, or the policies changed since; begin again without it");
    }
    try {
      return UUID.fromString(cursor.substring(HEX_DIGITS));
    } catch (IllegalArgumentException e) {
      throw new Refusal(CommonProblem.MALFORMED, "page.token is not one that this server gave");
    }
  }
}
