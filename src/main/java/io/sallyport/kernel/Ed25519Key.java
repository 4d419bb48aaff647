package io.sallyport.kernel;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.X509EncodedKeySpec;
import java.util.HexFormat;

/** Checks Ed25519 signatures by a key of 32 octets. */
final class Ed25519Key {
  static final int LENGTH = 32;

  /** SubjectPublicKeyInfo of an Ed25519 key up to the key itself (RFC 8410 §4). */
  static final byte[] SPKI = HexFormat.of().parseHex("302a300506032b6570032100");

  private final PublicKey key;

  private Ed25519Key(PublicKey key) {
    this.key = key;
  }

  static Ed25519Key of(byte[] key) {
    if (key.length != LENGTH) {
      throw new IllegalArgumentException("An Ed25519 key has 32 octets, not " + key.length + ".");
    }
    try {
      byte[] encoded =
          ByteBuffer.allocate(SPKI.length + LENGTH).put(SPKI).put(key).array();
      return new Ed25519Key(
          KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded)));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("The key is not an Ed25519 key.", e);
    }
  }

  boolean good(byte[] message, byte[] signature) {
    try {
      Signature ed25519 = Signature.getInstance("Ed25519");
      ed25519.initVerify(key);
      ed25519.update(message);
      return ed25519.verify(signature);
    } catch (SignatureException e) {
      return false; // a signature of the wrong form
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM cannot check Ed25519 signatures", e);
    }
  }
}
