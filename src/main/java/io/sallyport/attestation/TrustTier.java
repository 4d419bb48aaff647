package io.sallyport.attestation;

import java.util.Locale;

/** AR4SI trustworthiness tiers, best first after {@link #NONE}, which makes no statement. */
public enum TrustTier {
  NONE,
  AFFIRMING,
  WARNING,
  CONTRAINDICATED;

  /** The tier of a claim's value: 0 none, 2 to 31 affirming, 32 to 95 warning, 96 to 127 contraindicated. */
  public static TrustTier of(int value) {
    int magnitude = value < 0 ? -value : value;
    if (magnitude >= 96) {
      return CONTRAINDICATED;
    }
    if (magnitude >= 32) {
      return WARNING;
    }
    return magnitude >= 2 ? AFFIRMING : NONE;
  }

  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
