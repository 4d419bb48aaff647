package io.sallyport.policy;

import io.sallyport.policy.Question.Direction;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a question.
 *
 * @param effect default deny: a permit only when a rule permits, none forbids and nothing failed
 * @param reasons for people, at least one, each naming the policy
 * @param policy name of the deciding policy, or null when none selected the device
 * @param rule name of the deciding rule within the policy, or null when no single one decided
 * @param policyHash version hash of the policy set
 * @param flows what the policy permits at all, when it permits (expanded from the document, in its order), without anything
 *     that is forbidden
 * @param ttl the longest a grant may live, null when denied
 * @param validUntil the earliest end of what the verdict rests on (posture), null when it rests on nothing that ends
 * @param essential set when the deciding flow is marked essential (law 6)
 * @param quarantineVlan VLAN that the policy names for a device that it selects and does not let through, or null
 * @param network how an access network attaches the device that it lets through, or null when the policy does not say
 * @param observed what is permitted only because documents observe, or is in a segment that does; empty when nothing
 */
public record Verdict(
    Effect effect,
    List<String> reasons,
    @Nullable String policy,
    @Nullable String rule,
    String policyHash,
    List<AllowedFlow> flows,
    @Nullable Duration ttl,
    @Nullable Instant validUntil,
    @Nullable Essential essential,
    @Nullable Integer quarantineVlan,
    @Nullable Network network,
    List<Observed> observed) {
  public Verdict {
    reasons = List.copyOf(reasons);
    flows = List.copyOf(flows);
    observed = List.copyOf(observed);
  }

  /** Without a rule's name, and with nothing observed. */
  public Verdict(
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
    this(
        permit ? Effect.PERMIT : Effect.DENY,
        reasons,
        policy,
        null,
        policyHash,
        flows,
        ttl,
        validUntil,
        essential,
        quarantineVlan,
        network,
        List.of());
  }

  /**
   * Something that a document in observe mode lets be.
   *
   * @param document its name
   * @param reason why it would be denied
   * @param open whether whatever no rule permits is let be, so that {@link #flows} is not all that would be permitted
   */
  public record Observed(String document, String reason, boolean open) {}

  /** Whether more than {@link #flows} would be permitted to whoever asks for it. */
  public boolean isOpen() {
    return observed.stream().anyMatch(Observed::open);
  }

  /** The same, until then. */
  Verdict until(@Nullable Instant end) {
    return with(end, essential);
  }

  /** The same, but not kept while the server is away or behind. */
  Verdict inessential() {
    return with(validUntil, null);
  }

  private Verdict with(@Nullable Instant end, @Nullable Essential kept) {
    return new Verdict(
        effect,
        reasons,
        policy,
        rule,
        policyHash,
        flows,
        ttl,
        end,
        kept,
        quarantineVlan,
        network,
        observed);
  }

  /** Closed on the wire: only a permit is one. */
  public boolean permit() {
    return effect == Effect.PERMIT;
  }

  /** The inner values of an answer. */
  public enum Effect {
    PERMIT,
    DENY,
    /** Something that the answer hangs on could not be evaluated. */
    INDETERMINATE,
    /** No policy is about this device. */
    NOT_EVALUATED
  }

  /**
   * A flow as a policy allows it.
   *
   * @param peer a DNS name or a CIDR prefix
   * @param ports single ports and {@code a-b} ranges; of icmp its types as {@link IcmpTypes} writes them, empty for all
   * @param direction who opens it
   */
  public record AllowedFlow(String peer, String protocol, List<String> ports, Direction direction) {
    public AllowedFlow {
      ports = List.copyOf(ports);
    }

    public AllowedFlow(String peer, String protocol, List<String> ports) {
      this(peer, protocol, ports, Direction.FROM_DEVICE);
    }
  }

  /**
   * How an access network attaches a device.
   *
   * @param vlan 1 to 4094, or null for the port's own
   * @param filterId the name of a filter that the network access server has, or null
   * @param securityGroup a security group tag, 2 to 65519, or null
   * @param rate kbit/s at most in each direction, or null
   * @param sessionTimeout after which the network asks again, or null
   */
  public record Network(
      @Nullable Integer vlan,
      @Nullable String filterId,
      @Nullable Integer securityGroup,
      @Nullable Integer rate,
      @Nullable Duration sessionTimeout) {
    public Network(@Nullable Integer vlan, @Nullable String filterId) {
      this(vlan, filterId, null, null, null);
    }
  }

  /**
   * A flow that outlives the loss of Sallyport.
   *
   * @param owner who answers for it
   * @param longest how long at most
   */
  public record Essential(String owner, Duration longest) {}
}
