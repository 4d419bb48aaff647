package io.sallyport.enforcement;

import io.sallyport.decision.DecisionPoint.Decision;
import io.sallyport.enforcement.Sessions.Session;
import io.sallyport.policy.Verdict.Network;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How a device is attached to an access network: let in, or let into the quarantine network, where it can recover.
 *
 * @param permit false for the quarantine network
 * @param vlan 1 to 4094, or null for the port's own
 * @param filterId null for none
 */
public record NetworkAccess(
    boolean permit, @Nullable Integer vlan, @Nullable String filterId) {
  private static final String VLAN = "vlan";
  private static final String FILTER_ID = "filter-id";
  /** Names of the attributes that say what a session was given. */
  static final Set<String> ATTRIBUTES = Set.of(VLAN, FILTER_ID);

  /** What a decision gives; empty when the device is not attached at all. */
  public static Optional<NetworkAccess> of(Decision decision) {
    if (decision.permit()) {
      Network network = decision.verdict().network();
      return Optional.of(new NetworkAccess(
          true,
          network == null ? null : network.vlan(),
          network == null ? null : network.filterId()));
    }
    Integer quarantine = decision.verdict().quarantineVlan();
    return quarantine == null
        ? Optional.empty()
        : Optional.of(new NetworkAccess(false, quarantine, null));
  }

  /** What a session was given. */
  public static NetworkAccess of(Session session) {
    String vlan = session.attributes().get(VLAN);
    return new NetworkAccess(
        session.permit(),
        vlan == null ? null : Integer.valueOf(vlan),
        session.attributes().get(FILTER_ID));
  }

  /** As attributes of a session. */
  public Map<String, String> attributes() {
    Map<String, String> attributes = new HashMap<>();
    if (vlan != null) {
      attributes.put(VLAN, vlan.toString());
    }
    if (filterId != null) {
      attributes.put(FILTER_ID, filterId);
    }
    return attributes;
  }
}
