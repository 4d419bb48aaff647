package io.sallyport.attestation;

import java.time.Instant;
import java.util.Map;
import java.util.UUID;

/**
 * An attestation result. Immutable.
 *
 * @param status never better than its worst claim
 * @param claims by AR4SI claim name, for instance {@code executables}
 * @param observed what the evidence said, for conditions and for people: {@code firmware.name}, {@code firmware.version},
 *     {@code firmware.digest}, {@code secureBoot}; values are strings and booleans
 * @param ear the result as a signed JWT (EAR)
 */
public record Appraisal(
    UUID id,
    UUID device,
    TrustTier status,
    Map<String, Claim> claims,
    Map<String, Object> observed,
    Instant at,
    Instant expiresAt,
    String ear) {
  public Appraisal {
    claims = Map.copyOf(claims);
    observed = Map.copyOf(observed);
  }

  /**
   * One claim of the trustworthiness vector.
   *
   * @param value AR4SI value, -128 to 127
   * @param source which evidence it rests on, for instance {@code eat+jwt}
   * @param reason one sentence for people
   */
  public record Claim(int value, Assurance assurance, String source, String reason) {
    public TrustTier tier() {
      return TrustTier.of(value);
    }
  }
}
