package io.sallyport.attestation;

import java.util.Locale;

/** AR4SI trustworthiness tiers, best first after {@link #NONE}, which makes no statement. */
public enum TrustTier {
  NONE,
  AFFIRMING,
  WARNING,
  CONTRAINDICATED;

  /**
   * The tier of a claim's value (AR4SI §2.3.2): 0, 1 and -1 none; 2 to 31 and -2 to -32 affirming; 32 to 95 and -33 to
   * -96 warning; 96 to 127 and -97 to -128 contraindicated.
   */
  public static TrustTier of(int value) {
    int standard = value < -1 ? -value - 1 : value;
    if (standard >= 96) {
      return CONTRAINDICATED;
    }
    if (standard >= 32) {
      return WARNING;
    }
    return value >= 2 || value <= -2 ? AFFIRMING : NONE;
  }

  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
