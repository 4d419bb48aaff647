package io.sallyport.attestation;

import io.sallyport.attestation.AttestationKeys.AttestationKey;
import java.time.Instant;
import java.util.Optional;

/** What the quotes of an attestation key said of its TPM's clock, so that none goes back. */
interface QuoteHistory {
  /** The clock of the furthest quote since the key was activated. Opens its own transaction. */
  Optional<TpmClock> furthest(AttestationKey key);

  /**
   * Notes a quote, in the caller's transaction; a clock that is behind the furthest is left out. Refuses with {@code
   * revoked-credential} when the key was revoked or superseded meanwhile.
   */
  void add(AttestationKey key, TpmClock clock, Instant now);
}
