package io.sallyport.attestation;

import io.sallyport.kernel.Digest;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** The rows of attestation. Called in the caller's transaction. */
interface AttestationStore {
  /** Adds a challenge, and clears away a bounded number of those that nobody can answer any more. */
  void add(Digest nonce, UUID device, Instant now, Instant expiresAt);

  /** Uses up the device's challenge: true for exactly one caller, and only while it is open. */
  boolean consume(Digest nonce, UUID device, Instant now);

  /** Adds the evidence and what was made of it. */
  void add(Evidence evidence, Appraisal appraisal);

  /** What was appraised up to {@code at} counts no longer than that. */
  void end(UUID device, Instant at);

  /** The newest by time, then id: the order of recording does not matter. */
  Optional<Appraisal> newest(UUID device);

  /** The same for many devices at once. */
  default List<Appraisal> newest(Collection<UUID> devices) {
    return devices.stream().flatMap(device -> newest(device).stream()).toList();
  }

  /**
   * Evidence as it came.
   *
   * @param credential thumbprint of the certificate whose key signed it
   */
  record Evidence(
      UUID id,
      UUID device,
      Digest credential,
      String mediaType,
      byte[] octets,
      Instant receivedAt) {}
}
