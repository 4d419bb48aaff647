package io.sallyport.door.signals;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.Optional;

/** Settings of the Shared Signals transmitter. */
@ConfigMapping(prefix = "sallyport.signals")
interface SignalsSettings {
  /** {@code iss} of every token: the device front as receivers see it, no trailing slash. */
  @WithDefault("https://localhost:${sallyport.https-port:8443}")
  String issuer();

  /** A PEM file of the certificate authorities that receivers of pushes are certified by; the JDK's when left out. */
  Optional<String> trustFile();
}
