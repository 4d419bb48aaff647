package io.sallyport.enforcement;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Sessions of devices at enforcement points, for instance 802.1X sessions. Facts are about subject type {@code session}. */
public interface Sessions {
  /** The attribute with the thumbprint, in hex, of the certificate that let the device in. */
  String CERTIFICATE = "certificate";

  /**
   * A session.
   *
   * @param name as the point names it: {@code Acct-Session-Id}
   * @param port where the device is attached: NAS identifier and port, for people
   * @param permit whether it was let in, and with what {@code attributes}; a change of either ends the session
   * @param attributes what was sent back, for instance {@code vlan=42}, and what finds the session again at the network
   *     access server: {@code nas}, {@code calling-station-id}
   * @param decision the decision that it was let in by
   */
  record Session(
      UUID id,
      UUID point,
      UUID device,
      String name,
      String port,
      boolean permit,
      Map<String, String> attributes,
      @Nullable UUID decision,
      Instant startedAt,
      Instant seenAt,
      @Nullable Instant endedAt,
      @Nullable String endReason) {
    public Session {
      attributes = Map.copyOf(attributes);
    }
  }

  /**
   * What a point tells of a session.
   *
   * @param decision the decision that it was let in by, with which {@code permit} and the attributes of {@link
   *     NetworkAccess} replace those that are there; null when the session only goes on as it is
   * @param expectedBy when the session is over unless more is heard of it before
   */
  record Report(
      UUID device,
      String name,
      String port,
      boolean permit,
      Map<String, String> attributes,
      @Nullable UUID decision,
      Instant expectedBy) {
    public Report {
      attributes = Map.copyOf(attributes);
    }
  }

  /** Starts a session or notes that it goes on; attributes that the report has replace those that are there. */
  Session report(EnforcementPoint point, Report report);

  /** Ends a session, if it is live, and withdraws the addresses that were bound through it; idempotent. */
  void end(UUID session, String reason);

  Optional<Session> live(UUID point, String name);

  /** A point's live sessions whose names start so. */
  List<Session> named(UUID point, String start, int limit);

  Optional<Session> get(UUID session);

  /** Those of these devices that have a live session. */
  Set<UUID> connected(Collection<UUID> devices);

  /** The device's live sessions. */
  List<Session> live(UUID device);

  /** The device's sessions, newest first. */
  List<Session> of(UUID device, int limit);

  /** Live sessions after {@code cursor}, by id, for those who go through all of them. */
  List<Session> after(@Nullable UUID cursor, int limit);
}
