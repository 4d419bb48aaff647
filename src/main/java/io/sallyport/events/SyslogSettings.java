package io.sallyport.events;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.Optional;

/** Where facts are sent for a SIEM. */
@ConfigMapping(prefix = "sallyport.syslog")
interface SyslogSettings {
  /** {@code host:port} of the collector; nothing is sent when left out. */
  Optional<String> address();

  /** Over TLS (RFC 5425), or in plain TCP (RFC 6587) to a collector on this machine or a trusted network. */
  @WithDefault("true")
  boolean tls();

  /** A PEM file of the certificate authorities that the collector is certified by; the JDK's when left out. */
  Optional<String> trustFile();
}
