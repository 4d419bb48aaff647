package io.sallyport.audit;

import io.sallyport.kernel.SignedNote;

/** Signs checkpoints under the log's name. */
interface LogSigner {
  SignedNote.VerifierKey key();

  /** The Ed25519 signature over {@code text}. */
  byte[] sign(byte[] text);
}
