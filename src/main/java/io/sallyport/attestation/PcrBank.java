package io.sallyport.attestation;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** A bank of PCRs that is taken: those that are extended with a hash that still counts. */
enum PcrBank {
  SHA256(TpmConstants.ALG_SHA256, 32),
  SHA384(TpmConstants.ALG_SHA384, 48);

  private final int algorithm;
  private final int octets;

  PcrBank(int algorithm, int octets) {
    this.algorithm = algorithm;
    this.octets = octets;
  }

  static Optional<PcrBank> of(String word) {
    return Arrays.stream(values()).filter(bank -> bank.word().equals(word)).findFirst();
  }

  static Optional<PcrBank> of(int algorithm) {
    return Arrays.stream(values()).filter(bank -> bank.algorithm == algorithm).findFirst();
  }

  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The length of a PCR. */
  int octets() {
    return octets;
  }
}
