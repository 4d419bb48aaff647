package io.sallyport.kernel;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.X509EncodedKeySpec;
import java.util.HexFormat;

/** Checks ML-DSA-44 signatures (FIPS 204, no context) by a key of 1312 octets. */
final class MlDsa44Key {
  static final int LENGTH = 1312;
  static final int SIGNATURE_LENGTH = 2420;

  /** SubjectPublicKeyInfo of an ML-DSA-44 key up to the key itself (RFC 9881 §4). */
  static final byte[] SPKI =
      HexFormat.of().parseHex("30820532300b06096086480165030403110382052100");

  private static final String ALGORITHM = "ML-DSA-44";
  /** Whatever else is installed: the one that every JDK has. */
  private static final String JDK = "SUN";

  private final PublicKey key;

  private MlDsa44Key(PublicKey key) {
    this.key = key;
  }

  static MlDsa44Key of(byte[] key) {
    if (key.length != LENGTH) {
      throw new IllegalArgumentException(
          "An ML-DSA-44 key has " + LENGTH + " octets, not " + key.length + ".");
    }
    try {
      byte[] encoded =
          ByteBuffer.allocate(SPKI.length + LENGTH).put(SPKI).put(key).array();
      return new MlDsa44Key(
          KeyFactory.getInstance(ALGORITHM, JDK).generatePublic(new X509EncodedKeySpec(encoded)));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("The key is not an ML-DSA-44 key.", e);
    }
  }

  boolean good(byte[] message, byte[] signature) {
    try {
      Signature mlDsa = Signature.getInstance(ALGORITHM, JDK);
      mlDsa.initVerify(key);
      mlDsa.update(message);
      return mlDsa.verify(signature);
    } catch (SignatureException e) {
      return false; // a signature of the wrong form
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM cannot check ML-DSA signatures", e);
    }
  }
}
