package io.sallyport.cli;

import io.sallyport.cli.LogVerdict.Fault;
import io.sallyport.cli.LogVerdict.Finding;
import io.sallyport.cli.LogVerifier.Checkpoint;
import io.sallyport.kernel.SignedNote;
import io.sallyport.kernel.WitnessKey;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How far a witness vouches for a log: by its signatures over checkpoints that hold. */
final class WitnessedLog {
  private final WitnessKey key;
  private long size;
  private Instant at = Instant.EPOCH;

  /** @param vkey the witness's C2SP verifier key for cosignatures */
  WitnessedLog(String vkey) {
    key = WitnessKey.parse(vkey);
  }

  /** Goes on to a checkpoint if the witness signed it; a bad signature under its name is what does not fit. */
  @Nullable
  Finding advance(Checkpoint checkpoint, long covered) {
    SignedNote note = SignedNote.parse(checkpoint.note());
    if (note.lines().stream().noneMatch(key::claims)) {
      return null;
    }
    Optional<Instant> signed = key.cosigned(note);
    if (signed.isEmpty()) {
      return new Finding(
          covered + 1,
          Fault.BAD_CHECKPOINT,
          "The signature of the witness " + key.name() + " over the checkpoint of "
              + checkpoint.size() + " facts is not good.");
    }
    size = checkpoint.size();
    at = signed.get();
    return null;
  }

  long size() {
    return size;
  }

  @Nullable
  Finding missing() {
    return size > 0
        ? null
        : new Finding(
            1, Fault.UNWITNESSED, "No checkpoint is signed by the witness " + key.name() + ".");
  }

  String excluded() {
    return "Facts 1 to " + size + " rewritten and signed anew: the witness " + key.name()
        + " signed at " + at + " that the log had only grown.";
  }
}
