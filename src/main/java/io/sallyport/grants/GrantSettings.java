package io.sallyport.grants;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** Settings of grants. */
@ConfigMapping(prefix = "sallyport.grants")
interface GrantSettings {
  /** The issuer identifier (RFC 8414 §2): the URL of the device front as devices see it. */
  @WithDefault("https://localhost:${sallyport.https-port:8443}")
  String issuer();

  /** The {@code aud} of every token (RFC 9068 §2.2): those who enforce. */
  @WithDefault("urn:sallyport:enforcement-points")
  String audience();
}
