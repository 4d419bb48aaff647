package io.sallyport.decision;

import io.sallyport.devices.DeviceState;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.policy.Explanation;
import io.sallyport.policy.Explanation.Unmet;
import io.sallyport.policy.Forbidden;
import io.sallyport.policy.Question.RequestedFlow;
import io.sallyport.policy.Verdict;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Answers from memory; nothing here reads the database. Never throws for a question, whatever it asks. */
public interface DecisionPoint {
  /**
   * A verdict with what it stands on.
   *
   * @param id names this decision in the decision log
   * @param device null when no known device was meant
   * @param permit false whenever the device is unknown, not active, has no live credential, or the node is stale
   * @param reasons at least one; the first starts with {@code stale} when the node was not confirmed current
   * @param verdict the policy's part of it; denies whenever {@code permit} is false
   * @param appraisal the appraisal it rests on, or null
   * @param validUntil the earliest end of what a permit rests on: appraisal, credential; null when denied. A permit that
   *     stands only because its flow is essential (law 6) ends at once: it is this answer, and nothing is built on it
   */
  record Decision(
      UUID id,
      @Nullable UUID device,
      boolean permit,
      List<String> reasons,
      Verdict verdict,
      @Nullable UUID appraisal,
      @Nullable Instant validUntil) {
    public Decision {
      reasons = List.copyOf(reasons);
    }

    /**
     * Whether this stands on a fleet in memory that is not known to be current, or on a log that has no room. It denies an
     * access, or permits it only because the flow is essential, but says nothing about what was permitted before.
     */
    public boolean isProvisional() {
      String first = reasons.getFirst();
      return first.startsWith("stale")
          || first.startsWith("unconfirmed")
          || first.startsWith("unlogged");
    }

    /** Whether that is so because of this device or its profile alone; the others are decided on as ever. */
    public boolean isDoubtful() {
      return reasons.getFirst().startsWith("unconfirmed device");
    }
  }

  /**
   * May the device open this flow?
   *
   * @param flow null asks what it may do at all
   * @param asker for the decision log
   */
  Decision decide(UUID device, @Nullable RequestedFlow flow, Actor asker);

  /** The same, for the device of which this very certificate is live: not revoked, not superseded, in its validity. */
  Decision decide(Digest thumbprint, @Nullable RequestedFlow flow, Actor asker);

  /** The same, where only issuer and serial of the certificate are known. */
  Decision decide(CertificateName certificate, @Nullable RequestedFlow flow, Actor asker);

  /** {@link #decide(UUID, RequestedFlow, Actor)}, asked by the server itself. */
  default Decision decide(UUID device, @Nullable RequestedFlow flow) {
    return decide(device, flow, Actor.SERVER);
  }

  /** {@link #decide(Digest, RequestedFlow, Actor)}, asked by the server itself. */
  default Decision decide(Digest thumbprint, @Nullable RequestedFlow flow) {
    return decide(thumbprint, flow, Actor.SERVER);
  }

  /**
   * What would be decided of this very certificate now: the second look of whoever did something since it was decided. Not
   * logged, as nobody asks anew; empty when it cannot be said.
   */
  default Optional<Decision> lookAgain(Digest thumbprint, @Nullable RequestedFlow flow) {
    return Optional.of(decide(thumbprint, flow));
  }

  /** What keeps policy from permitting, as {@link #explain} says it, at a small part of the cost. */
  default List<Unmet> unmet(UUID device, @Nullable RequestedFlow flow) {
    return explain(device, flow).map(Explanation::unmet).orElse(List.of());
  }

  /**
   * Why policy answers as it does for a device now, and what would turn it. Looks at policy alone, whatever the device's state
   * and certificates; empty when the device or what is asked of cannot be told of now. Not logged.
   */
  Optional<Explanation> explain(UUID device, @Nullable RequestedFlow flow);

  /**
   * What policy forbids the device by address now. As what {@link #explain} says it is of policy alone; of a device that
   * nothing can be told of now it is nothing.
   */
  Forbidden forbidden(UUID device);

  /** Whether an answer may wait for the decision log, so that no event loop may ask. Stays as it is. */
  default boolean mayWait() {
    return false;
  }

  /** The site of a known device, or empty. */
  Optional<String> site(UUID device);

  /** Whether something about this device or its profile could not be read yet, so that nothing is permitted on it. */
  boolean isDoubtful(UUID device);

  /** The state of a known device, or empty. */
  Optional<DeviceState> state(UUID device);

  /** Whose certificate this is or was, or empty. */
  Optional<UUID> holder(Digest thumbprint);

  /**
   * Whether a device may connect at all and nothing contraindicates it, as Shared Signals put it; empty when it is not known
   * or was never enrolled.
   */
  Optional<Boolean> compliant(UUID device);

  /** The thumbprint of the device certificate of this name while it is neither revoked nor superseded, or empty. */
  Optional<Digest> thumbprint(CertificateName name);

  /** The position in the change feed up to which changes are decided on; negative before the first load. */
  long position();

  /** How long ago this node last confirmed that it is current; {@code ChronoUnit.FOREVER} before the first time. */
  Duration lag();
}
