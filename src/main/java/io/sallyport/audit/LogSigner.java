package io.sallyport.audit;

import io.sallyport.kernel.LogName;
import io.sallyport.kernel.SignedNote;

/** Signs checkpoints under the log's name. */
interface LogSigner {
  SignedNote.VerifierKey key();

  /** Whether this log has signed a checkpoint, under its name of now or one that it had before a loss was accepted. */
  default boolean signed(SignedNote note) {
    SignedNote.VerifierKey key = key();
    String origin = LogName.origin(key.name());
    for (int losses = LogName.losses(key.name()); losses >= 0; losses--) {
      if (key.as(LogName.of(origin, losses)).signed(note)) {
        return true;
      }
    }
    return false;
  }

  /** The Ed25519 signature over {@code text}. */
  byte[] sign(byte[] text);
}
