package io.sallyport.people;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.Optional;

/** How this server administers the Keycloak behind {@code sallyport.oidc.url}; needed for its set-up alone. */
@ConfigMapping(prefix = "sallyport.keycloak")
public interface KeycloakSettings {
  /** The realm in which the administrator is. */
  @WithDefault("master")
  String adminRealm();

  /** Somebody who may create realms, or administer this one. */
  Optional<String> adminUser();

  /** A file that holds the administrator's password. */
  Optional<String> adminPasswordFile();
}
