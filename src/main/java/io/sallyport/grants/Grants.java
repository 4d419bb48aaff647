package io.sallyport.grants;

import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.policy.Question.RequestedFlow;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** Grants: what a device may open, for minutes, as a signed token that only its certificate can use. */
public interface Grants {
  /** The {@code type} of authorization details (RFC 9396 §2). */
  String NETWORK_FLOW = "network_flow";

  /** The most flows that one grant may be asked for; a token travels in one header field. */
  int MOST_FLOWS = 64;

  /**
   * A grant that was recorded and may be handed out.
   *
   * @param id the token's {@code jti}
   * @param token JWT of type {@code at+jwt} (RFC 9068)
   * @param lifetime whole seconds, at least one
   * @param renewAfter when to ask for the next one: grants of one moment are asked for again over a fifth of their life
   */
  record Grant(
      UUID id,
      String token,
      Instant expiresAt,
      Duration lifetime,
      Duration renewAfter,
      List<GrantedFlow> flows) {
    public Grant {
      flows = List.copyOf(flows);
    }
  }

  /**
   * A flow that the grant permits.
   *
   * @param ports single ports and {@code a-b} ranges; empty for icmp
   */
  record GrantedFlow(String peer, String protocol, List<String> ports) {
    public GrantedFlow {
      ports = List.copyOf(ports);
    }
  }

  /**
   * Grants all of {@code flows} or nothing. Ends by the earliest of policy, certificate and appraisal (law 4). Refuses
   * more than {@link #MOST_FLOWS} with {@code too-many-flows}. Opens its own transactions; must be called outside one.
   *
   * @param flows at most {@link #MOST_FLOWS}; empty for all that policy permits
   */
  GrantAnswer grant(Holder holder, List<RequestedFlow> flows, Actor actor);

  /**
   * Who asks: a device, by the certificate of its own that was proven on the connection.
   *
   * @param thumbprint what the grant is bound to
   * @param notAfter of the certificate
   */
  record Holder(UUID device, Digest thumbprint, Instant notAfter) {}

  /**
   * A grant that a device may use now.
   *
   * @param thumbprint of the certificate that it is bound to
   */
  record LiveGrant(
      UUID id,
      UUID device,
      Digest thumbprint,
      List<GrantedFlow> flows,
      Instant issuedAt,
      Instant expiresAt) {
    public LiveGrant {
      flows = List.copyOf(flows);
    }
  }

  /** The most live grants of one device that count: those that end last. A device asks for a new one every few minutes. */
  int MOST_LIVE = 64;

  /**
   * The live grants of some devices.
   *
   * @param doubtful devices of which nobody can say it yet: ask again in a moment, and permit nothing until then
   */
  record Live(Map<UUID, List<LiveGrant>> grants, Set<UUID> doubtful) {
    public Live {
      grants = Map.copyOf(grants);
      doubtful = Set.copyOf(doubtful);
    }

    public List<LiveGrant> of(UUID device) {
      return grants.getOrDefault(device, List.of());
    }
  }

  /**
   * The live grants of these devices: neither at their end nor withdrawn, and still decided as they were. Reads the
   * database. Refuses with {@code unavailable} while this node is not confirmed current, because then nobody can say.
   */
  Live live(Collection<UUID> devices);

  /** The live grant of a token that this server signed; empty for anything else. Reads the database. */
  Optional<LiveGrant> live(String token);

  /** The devices that these grants were handed out to, by grant; unknown ones are left out. */
  Map<UUID, UUID> holders(Collection<UUID> grants);

  /** Withdraws a grant, if it is not over already; idempotent. The fact {@code grant.withdrawn} is about it. */
  void withdraw(UUID grant, String because, Actor actor);

  /** The {@code iss} of every token: an https URL without a trailing slash. */
  String issuer();

  /** The keys that tokens are checked with, as a JWK Set (RFC 7517 §5). */
  String keySet();
}
