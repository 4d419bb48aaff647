package io.sallyport.admin;

import io.smallrye.config.ConfigMapping;
import java.util.List;
import java.util.Optional;

/** Settings of MUD files. */
@ConfigMapping(prefix = "sallyport.mud")
interface MudSettings {
  /** A PEM file of the only roots that signers of MUD files may lead to; without it none is taken. */
  Optional<String> trustFile();

  /** Hosts, {@code name} or {@code name:port}, that MUD files may be fetched from; without any none is. */
  Optional<List<String>> hosts();

  /** A PEM file of the only roots that these hosts' TLS certificates may lead to; default what the JDK trusts. */
  Optional<String> tlsTrustFile();
}
