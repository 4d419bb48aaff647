package io.sallyport.keys;

import io.sallyport.kernel.Der;
import java.util.Arrays;

/**
 * Keys made for others, who get the private part and hold it from then on. They are no keys of this server's: it signs
 * nothing with them, and what is kept of one for a while its caller seals.
 */
public interface ClientKeys {
  /**
   * A new pair of keys.
   *
   * @param privateKeyInfo PKCS #8 (RFC 5958); the caller overwrites it when it has been sent
   */
  record Made(Der subjectPublicKeyInfo, byte[] privateKeyInfo) {
    /** Overwrites the private part. */
    public void forget() {
      Arrays.fill(privateKeyInfo, (byte) 0);
    }

    /** Without the private part. */
    @Override
    public String toString() {
      return "Made[" + subjectPublicKeyInfo.digest() + "]";
    }
  }

  Made make(KeyAlgorithm algorithm);
}
