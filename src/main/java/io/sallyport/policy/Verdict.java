package io.sallyport.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a question.
 *
 * @param permit default deny: true only when a rule permits and nothing failed
 * @param reasons for people, at least one, each naming the policy
 * @param policy name of the deciding policy, or null when none selected the device
 * @param policyHash version hash of the policy set
 * @param flows what the policy permits at all, when it permits (expanded from the document, in its order)
 * @param ttl the longest a grant may live, null when denied
 * @param validUntil the earliest end of what the verdict rests on (posture), null when it rests on nothing that ends
 * @param essential set when the deciding flow is marked essential (law 6)
 * @param quarantineVlan VLAN that the policy names for a device that it selects and does not let through, or null
 * @param network how an access network attaches the device that it lets through, or null when the policy does not say
 */
public record Verdict(
    boolean permit,
    List<String> reasons,
    @Nullable String policy,
    String policyHash,
    List<AllowedFlow> flows,
    @Nullable Duration ttl,
    @Nullable Instant validUntil,
    @Nullable Essential essential,
    @Nullable Integer quarantineVlan,
    @Nullable Network network) {
  public Verdict {
    reasons = List.copyOf(reasons);
    flows = List.copyOf(flows);
  }

  /**
   * A flow as a policy allows it.
   *
   * @param peer a DNS name or a CIDR prefix
   * @param ports single ports and {@code a-b} ranges; empty for icmp
   */
  public record AllowedFlow(String peer, String protocol, List<String> ports) {
    public AllowedFlow {
      ports = List.copyOf(ports);
    }
  }

  /**
   * How an access network attaches a device.
   *
   * @param vlan 1 to 4094, or null for the port's own
   * @param filterId the name of a filter that the network access server has, or null
   */
  public record Network(@Nullable Integer vlan, @Nullable String filterId) {}

  /**
   * A flow that outlives the loss of Sallyport.
   *
   * @param owner who answers for it
   * @param longest how long at most
   */
  public record Essential(String owner, Duration longest) {}
}
