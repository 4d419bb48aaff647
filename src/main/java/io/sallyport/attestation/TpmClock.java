package io.sallyport.attestation;

import java.util.Optional;

/**
 * TPMS_CLOCK_INFO (TPM 2.0 Library, Part 2 §10.11.1).
 *
 * @param clock milliseconds that the TPM was powered since it was last cleared
 * @param resetCount power cycles since it was last cleared
 * @param restartCount resumes since the last reset
 * @param safe whether the clock is known not to have stood at this time before; no for up to 70 minutes after power was
 *     lost without a shutdown
 */
record TpmClock(long clock, int resetCount, int restartCount, boolean safe) {
  /** What went back since {@code last}, in words. Counters are compared as serial numbers, so that they may wrap. */
  Optional<String> wentBackSince(TpmClock last) {
    int resets = resetCount - last.resetCount;
    if (resets < 0) {
      return Optional.of("Its reset counter fell from " + Integer.toUnsignedString(last.resetCount)
          + " to " + Integer.toUnsignedString(resetCount)
          + " and its attestation key was not activated anew since, as it must be after a clear.");
    }
    if (resets == 0 && restartCount - last.restartCount < 0) {
      return Optional.of(
          "Its restart counter fell from " + Integer.toUnsignedString(last.restartCount) + " to "
              + Integer.toUnsignedString(restartCount) + " without a reset.");
    }
    // Without safe, the clock may have been set back to what was last written to the TPM's storage.
    if (safe && Long.compareUnsigned(clock, last.clock) < 0) {
      return Optional.of("Its clock went back, and it says that its clock is safe.");
    }
    return Optional.empty();
  }

  /** The furthest that is known after {@code next}; one that went back changes nothing. */
  TpmClock furtherOf(TpmClock next) {
    if (next.wentBackSince(this).isPresent()) {
      return this;
    }
    long furthest = Long.compareUnsigned(next.clock, clock) < 0 ? clock : next.clock;
    return new TpmClock(furthest, next.resetCount, next.restartCount, next.safe);
  }
}
