package io.sallyport.attestation;

import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * An attestation result. Immutable. None can be made that breaks law 10 or whose status is better than its worst claim;
 * the constructor throws {@link IllegalArgumentException}.
 *
 * @param status never better than its worst claim; none when nothing affirms what the device runs
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
  /** Law 10: what a device says of itself never makes these affirming. */
  private static final Set<String> NEEDS_HARDWARE = Set.of("executables", "hardware");

  public Appraisal {
    claims = Map.copyOf(claims);
    observed = Map.copyOf(observed);
    claims.forEach(Appraisal::requireLaw10);
    TrustTier worst = worst(claims);
    boolean withheld = status == TrustTier.NONE && worst == TrustTier.AFFIRMING;
    if (status.compareTo(worst) < 0 && !withheld) {
      throw new IllegalArgumentException(
          "a status of " + status.word() + " is better than a claim that is " + worst.word());
    }
  }

  /** The same, and it counts no longer than until {@code end}. */
  Appraisal until(Instant end) {
    return end.isBefore(expiresAt)
        ? new Appraisal(id, device, status, claims, observed, at, end, ear)
        : this;
  }

  /** The tier of the worst claim; a claim that makes no statement is no worse than one that affirms. */
  static TrustTier worst(Map<String, Claim> claims) {
    return claims.values().stream()
        .map(Claim::tier)
        .max(TrustTier::compareTo)
        .orElse(TrustTier.NONE);
  }

  private static void requireLaw10(String name, Claim claim) {
    if (NEEDS_HARDWARE.contains(name)
        && claim.tier() == TrustTier.AFFIRMING
        && claim.assurance().compareTo(Assurance.HARDWARE) < 0) {
      throw new IllegalArgumentException(
          name + " cannot be affirming on the assurance " + claim.assurance().word() + " (law 10)");
    }
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
