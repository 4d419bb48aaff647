package io.sallyport.attestation;

import java.util.Locale;

/** What a claim rests on, weakest first; {@code compareTo} is the order. */
public enum Assurance {
  DECLARED,
  NETWORK_OBSERVED,
  SIGNED_SOFTWARE,
  HARDWARE;

  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
