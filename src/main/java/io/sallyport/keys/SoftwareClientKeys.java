package io.sallyport.keys;

import io.sallyport.kernel.Der;
import jakarta.inject.Singleton;
import java.security.GeneralSecurityException;
import java.security.KeyPair;

/** In software: what leaves as octets cannot come from a token. */
@Singleton
final class SoftwareClientKeys implements ClientKeys {
  @Override
  public Made make(KeyAlgorithm algorithm) {
    try {
      KeyPair pair = algorithm.pair();
      return new Made(Der.of(pair.getPublic().getEncoded()), pair.getPrivate().getEncoded());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM cannot make a key for " + algorithm, e);
    }
  }
}
