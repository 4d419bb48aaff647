package io.sallyport.people;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.Optional;

/** The realm that people come from. */
@ConfigMapping(prefix = "sallyport.oidc")
public interface RealmSettings {
  /** The issuer, for instance https://keycloak.plant.example/realms/sallyport; without it there is no realm. */
  Optional<String> url();

  /** The client that the console is to the realm. */
  @WithDefault("sallyport-console")
  String clientId();

  /** Its secret; without one it is a public client, which PKCE protects. */
  Optional<String> clientSecret();

  /** A file that holds the secret. */
  Optional<String> clientSecretFile();

  /** The client that a bearer token must be meant for; its roles are the only ones that count. */
  @WithDefault("sallyport-api")
  String audience();

  /** PEM file with the only authorities that may certify the realm's server; without it those of the Java runtime. */
  Optional<String> caFile();
}
