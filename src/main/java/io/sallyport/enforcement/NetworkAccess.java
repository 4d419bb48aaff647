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
 * @param securityGroup a security group tag, or null for none
 * @param rate kbit/s at most in each direction, or null for no bound
 */
public record NetworkAccess(
    boolean permit,
    @Nullable Integer vlan,
    @Nullable String filterId,
    @Nullable Integer securityGroup,
    @Nullable Integer rate) {
  private static final String VLAN = "vlan";
  private static final String FILTER_ID = "filter-id";
  private static final String SECURITY_GROUP = "sgt";
  private static final String RATE = "rate";
  /** Names of the attributes that say what a session was given. */
  static final Set<String> ATTRIBUTES = Set.of(VLAN, FILTER_ID, SECURITY_GROUP, RATE);

  /** What a decision gives; empty when the device is not attached at all. */
  public static Optional<NetworkAccess> of(Decision decision) {
    if (decision.permit()) {
      Network network = decision.verdict().network();
      return Optional.of(
          network == null
              ? new NetworkAccess(true, null, null, null, null)
              : new NetworkAccess(
                  true,
                  network.vlan(),
                  network.filterId(),
                  network.securityGroup(),
                  network.rate()));
    }
    Integer quarantine = decision.verdict().quarantineVlan();
    return quarantine == null
        ? Optional.empty()
        : Optional.of(new NetworkAccess(false, quarantine, null, null, null));
  }

  /** What a session was given. */
  public static NetworkAccess of(Session session) {
    Map<String, String> given = session.attributes();
    return new NetworkAccess(
        session.permit(),
        number(given.get(VLAN)),
        given.get(FILTER_ID),
        number(given.get(SECURITY_GROUP)),
        number(given.get(RATE)));
  }

  private static @Nullable Integer number(@Nullable String digits) {
    return digits == null ? null : Integer.valueOf(digits);
  }

  /** As attributes of a session. */
  public Map<String, String> attributes() {
    Map<String, String> attributes = new HashMap<>();
    put(attributes, VLAN, vlan);
    put(attributes, FILTER_ID, filterId);
    put(attributes, SECURITY_GROUP, securityGroup);
    put(attributes, RATE, rate);
    return attributes;
  }

  private static void put(Map<String, String> attributes, String name, @Nullable Object value) {
    if (value != null) {
      attributes.put(name, value.toString());
    }
  }
}
