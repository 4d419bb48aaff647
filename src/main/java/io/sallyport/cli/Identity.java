package io.sallyport.cli;

import java.net.Socket;
import java.nio.file.Path;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * A key with its certificates, to be shown in TLS.
 *
 * @param chain leaf first
 */
record Identity(PrivateKey key, List<X509Certificate> chain) {
  private static final String ALIAS = "identity";

  Identity {
    chain = List.copyOf(chain);
    if (chain.isEmpty()) {
      throw new IllegalArgumentException("an identity has a certificate");
    }
  }

  /** From a file with the chain, leaf first, and a file with its key. */
  static Identity read(Path certificates, Path key) {
    return of(certificates, Pem.privateKey(key), key);
  }

  /** @param place of the key, for an error */
  static Identity of(Path certificates, PrivateKey key, Path place) {
    Identity identity = new Identity(key, Pem.certificates(certificates));
    if (!Requests.belong(identity.key(), identity.leaf().getPublicKey())) {
      throw Failure.usage(
          place + " is not the key of the first certificate in " + certificates + ".");
    }
    return identity;
  }

  /** The same, followed by more certificates up to its root. */
  Identity with(List<X509Certificate> issuers) {
    List<X509Certificate> longer = new ArrayList<>(chain);
    longer.addAll(issuers);
    return new Identity(key, longer);
  }

  X509Certificate leaf() {
    return chain.getFirst();
  }

  /** Shows this identity to whoever asks: which issuers a server trusts is its business, not a filter here. */
  X509ExtendedKeyManager keyManager() {
    return new X509ExtendedKeyManager() {
      @Override
      public String chooseClientAlias(
          String[] kinds, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return ALIAS;
      }

      @Override
      public String chooseEngineClientAlias(
          String[] kinds, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
        return ALIAS;
      }

      @Override
      public String[] getClientAliases(String kind, Principal @Nullable [] issuers) {
        return new String[] {ALIAS};
      }

      @Override
      public X509Certificate[] getCertificateChain(String alias) {
        return chain.toArray(X509Certificate[]::new);
      }

      @Override
      public PrivateKey getPrivateKey(String alias) {
        return key;
      }

      @Override
      public String @Nullable [] getServerAliases(String kind, Principal @Nullable [] issuers) {
        return null;
      }

      @Override
      public @Nullable String chooseServerAlias(
          String kind, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return null;
      }
    };
  }
}
