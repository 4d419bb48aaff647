package io.sallyport.attestation;

import java.security.PublicKey;
import java.time.Instant;

/** Reads one format of evidence. Keeps nothing; safe for any thread. */
interface EvidenceVerifier {
  /** The media type that it reads, lower-case, without parameters. */
  String mediaType();

  /**
   * Reads untrusted bytes and checks that {@code key} signed them. Says nothing yet of freshness or content, so that a
   * nonce is only ever consumed by the one whom it was given to.
   *
   * @throws io.sallyport.kernel.Refusal {@code too-large}, {@code invalid-evidence}, {@code evidence-signature}
   */
  Authentic authenticate(PublicKey key, byte[] evidence);

  /** Evidence whose signature holds. */
  interface Authentic {
    /** The nonce that it answers, as it stands there. */
    String nonce();

    /**
     * What it says.
     *
     * @throws io.sallyport.kernel.Refusal {@code invalid-evidence}, {@code stale-evidence}, {@code unsupported-evidence}
     */
    DeviceReport report(Instant now);
  }
}
