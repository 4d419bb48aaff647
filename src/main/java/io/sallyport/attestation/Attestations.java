package io.sallyport.attestation;

import io.sallyport.kernel.Actor;
import io.sallyport.pki.Credential;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Posture attestation in the background-check model (RFC 9334 §5.2). Facts are about subject type {@code device}. */
public interface Attestations {
  /**
   * A nonce to be answered.
   *
   * @param nonce unpadded base64url of 32 random octets; answers once
   */
  record Challenge(String nonce, Instant expiresAt) {}

  /** A new challenge for the device. */
  Challenge challenge(UUID device);

  /**
   * Appraises evidence and records the result, which replaces the one before.
   *
   * @param credential the device certificate on the connection that brought the evidence
   * @param mediaType the evidence's media type without parameters, {@code application/eat+jwt}
   */
  Appraisal appraise(
      UUID device, Credential credential, String mediaType, byte[] evidence, Actor actor);

  /**
   * What was appraised of the device so far counts no more, for it was compared with what is not asked of it any more. In
   * the caller's transaction.
   */
  void end(UUID device, Actor actor);

  /** The public keys that results are signed with, as a JWK set (RFC 7517). */
  String keySet();

  /** The newest appraisal, expired or not. */
  Optional<Appraisal> latest(UUID device);

  /** The same for many devices at once; those without one are left out. */
  default Map<UUID, Appraisal> latest(Collection<UUID> devices) {
    Map<UUID, Appraisal> found = new HashMap<>();
    devices.forEach(device -> latest(device).ifPresent(newest -> found.put(device, newest)));
    return found;
  }
}
