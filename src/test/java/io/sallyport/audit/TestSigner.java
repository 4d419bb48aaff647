package io.sallyport.audit;

import io.sallyport.kernel.Der;
import io.sallyport.kernel.SignedNote;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;

/** Signs with a key in memory, and counts. */
final class TestSigner implements LogSigner {
  private final KeyPair pair;
  private final SignedNote.VerifierKey key;
  boolean broken;
  int signatures;

  TestSigner(String origin) {
    try {
      pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
    key = SignedNote.VerifierKey.of(origin, Der.of(pair.getPublic().getEncoded()));
  }

  @Override
  public SignedNote.VerifierKey key() {
    return key;
  }

  @Override
  public byte[] sign(byte[] text) {
    if (broken) {
      throw new IllegalStateException("no signature now");
    }
    signatures++;
    try {
      Signature ed25519 = Signature.getInstance("Ed25519");
      ed25519.initSign(pair.getPrivate());
      ed25519.update(text);
      return ed25519.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
