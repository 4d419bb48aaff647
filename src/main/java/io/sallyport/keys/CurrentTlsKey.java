package io.sallyport.keys;

import io.sallyport.keys.Keys.TlsIdentity;
import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/** Gives TLS the one identity that is current, so that a renewed certificate serves the next handshake. */
final class CurrentTlsKey extends X509ExtendedKeyManager {
  private final Supplier<TlsIdentity> identity;
  private final Function<UUID, PrivateKey> keys;

  CurrentTlsKey(Supplier<TlsIdentity> identity, Function<UUID, PrivateKey> keys) {
    this.identity = identity;
    this.keys = keys;
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
    return alias(keyType);
  }

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, Socket socket) {
    return alias(keyType);
  }

  /** Where this server, or a measurement of it, is the one that connects. */
  @Override
  public @Nullable String chooseEngineClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, SSLEngine engine) {
    for (String keyType : keyTypes) {
      String alias = alias(keyType);
      if (alias != null) {
        return alias;
      }
    }
    return null;
  }

  /** The alias is the key's id, so that key and chain of one handshake belong together across a renewal. */
  private @Nullable String alias(String keyType) {
    TlsIdentity current = identity.get();
    String algorithm = current.chain().getFirst().getPublicKey().getAlgorithm();
    return keyType.equals(algorithm) ? current.key().toString() : null;
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(String alias) {
    TlsIdentity current = identity.get();
    return current.key().toString().equals(alias)
        ? current.chain().toArray(X509Certificate[]::new)
        : null;
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    return keys.apply(UUID.fromString(alias));
  }

  @Override
  public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    String alias = alias(keyType);
    return alias == null ? null : new String[] {alias};
  }

  @Override
  public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] keyType, Principal @Nullable [] issuers, Socket socket) {
    return null;
  }
}
