package io.sallyport.enforcement;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Security events that receivers of Shared Signals still have to take (CAEP 1.0). At least once, in order. */
public interface SecurityEvents {
  /** The kinds of events, by the names of CAEP. */
  enum Type {
    SESSION_REVOKED("session-revoked"),
    DEVICE_COMPLIANCE_CHANGE("device-compliance-change"),
    /** SSF §7.1.4: a receiver asks whether its stream works. */
    VERIFICATION("verification");

    private final String word;

    Type(String word) {
      this.word = word;
    }

    public String word() {
      return word;
    }
  }

  /**
   * An event.
   *
   * @param id the token's {@code jti}
   * @param payload members of the event, strings
   * @param transaction the same for all receivers of one occurrence: {@code txn}
   */
  record SecurityEvent(
      UUID id,
      EnforcementPoint point,
      UUID device,
      Type type,
      Map<String, String> payload,
      UUID transaction,
      Instant at) {
    public SecurityEvent {
      payload = Map.copyOf(payload);
    }
  }

  /**
   * Adds an event for one receiver.
   *
   * @param enforcement the withdrawal that the receiver confirms by taking the event, or null; added once for each
   */
  void add(
      EnforcementPoint point,
      UUID device,
      Type type,
      Map<String, String> payload,
      UUID transaction,
      @Nullable UUID enforcement);

  /** What the receiver has not taken yet, the oldest first. */
  List<SecurityEvent> waiting(UUID point, int limit);

  /** The receiver has taken these; others' and unknown ones are left alone. */
  void taken(UUID point, Collection<UUID> events, String detail);

  /**
   * For each receiver that is pushed to, the oldest event that it has not taken, if that is to be tried now; it is put off
   * until its next attempt. One at a time keeps the order.
   */
  List<SecurityEvent> due();

  /** A push came to nothing, and will be tried again. */
  void failed(UUID event, String detail);
}
