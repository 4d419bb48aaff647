package io.sallyport.devices;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * The lifecycle of a device and what each state may still do.
 *
 * <pre>
 * expected → active ⇄ quarantined
 *              ⇅          ⇅
 *            suspended ───┘        every state → decommissioned, active and quarantined also by way of wiping
 * </pre>
 */
public enum DeviceState {
  /** Registered, no certificate yet. */
  EXPECTED(Operation.ENROLL),
  /** Has an identity. */
  ACTIVE(Operation.ENROLL, Operation.RENEW, Operation.ATTEST, Operation.GRANT, Operation.CONNECT),
  /** Cut off but able to recover: keeps certificate, renewal and attestation. */
  QUARANTINED(Operation.RENEW, Operation.ATTEST),
  /** Set aside by an operator: keeps nothing until released. */
  SUSPENDED(),
  /** Told to wipe itself on its way out: has the channel for that and nothing else, and no way back. */
  WIPING(Operation.WIPE),
  /** Gone for good. */
  DECOMMISSIONED();

  /** What a device may ask for. */
  public enum Operation {
    ENROLL,
    RENEW,
    ATTEST,
    GRANT,
    CONNECT,
    WIPE
  }

  private final Set<Operation> operations;

  DeviceState(Operation... operations) {
    this.operations = operations.length == 0
        ? EnumSet.noneOf(Operation.class)
        : EnumSet.of(operations[0], operations);
  }

  public boolean may(Operation operation) {
    return operations.contains(operation);
  }

  /** Whether an operator may move a device from this state to {@code next}; back to expected if it never enrolled. */
  public boolean canBecome(DeviceState next) {
    return switch (next) {
      case EXPECTED -> this == QUARANTINED || this == SUSPENDED;
      case ACTIVE -> this == EXPECTED || this == QUARANTINED || this == SUSPENDED;
      case QUARANTINED -> this == ACTIVE || this == SUSPENDED;
      case SUSPENDED -> this == EXPECTED || this == ACTIVE || this == QUARANTINED;
      case WIPING -> this == ACTIVE || this == QUARANTINED;
      case DECOMMISSIONED -> this != DECOMMISSIONED;
    };
  }

  /** The name on the wire and in documents, lower-case. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
