package io.sallyport.boot;

import io.quarkus.tls.runtime.KeyStoreAndKeyCertOptions;
import io.quarkus.tls.runtime.KeyStoreProvider;
import io.sallyport.keys.Keys;
import io.smallrye.common.annotation.Identifier;
import io.vertx.core.Vertx;
import io.vertx.core.net.KeyCertOptions;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;

/** Gives the front for people the server's certificate without the key leaving {@code keys}. */
@ApplicationScoped
@Identifier("people")
class PeopleTls implements KeyStoreProvider {
  private final Keys keys;
  private final ServerCertificate certificate;

  PeopleTls(Keys keys, ServerCertificate certificate) {
    this.keys = keys;
    this.certificate = certificate;
  }

  @Override
  public KeyStoreAndKeyCertOptions getKeyStore(Vertx vertx) {
    try {
      KeyStore empty = KeyStore.getInstance("PKCS12");
      empty.load(null, null);
      return new KeyStoreAndKeyCertOptions(
          empty, KeyCertOptions.wrap(keys.keyManager(certificate::identity)));
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("this JVM cannot make a key store", e);
    }
  }
}
