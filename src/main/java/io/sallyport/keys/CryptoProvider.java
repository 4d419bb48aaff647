package io.sallyport.keys;

import com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider;
import java.security.Provider;
import java.security.Security;

/** Puts the fastest provider of cryptography first: AmazonCorretto where its native library loads, else the JDK's. */
public final class CryptoProvider {
  private CryptoProvider() {}

  /** Idempotent; call before anything else uses cryptography. Answers {@link #inUse()}. */
  public static String install() {
    try {
      if (AmazonCorrettoCryptoProvider.INSTANCE.getLoadingError() == null) {
        AmazonCorrettoCryptoProvider.install();
      }
    } catch (LinkageError notOnThisPlatform) {
      // No such library for this platform: the JDK's providers stay first.
      return inUse();
    }
    return inUse();
  }

  /** Name and version of the provider that is asked first. */
  public static String inUse() {
    Provider first = Security.getProviders()[0];
    return first.getName() + " " + first.getVersionStr();
  }
}
