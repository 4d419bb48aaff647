package io.sallyport.devices;

import io.smallrye.config.ConfigMapping;
import java.util.List;
import java.util.Optional;

/** Settings of manufacturers' revocation lists. */
@ConfigMapping(prefix = "sallyport.manufacturers")
public interface ListSettings {
  /** Hosts, {@code name} or {@code name:port}, that lists may be fetched from; without any none is. */
  Optional<List<String>> listHosts();

  /** A PEM file of the only roots that these hosts' TLS certificates may lead to; default what the JDK trusts. */
  Optional<String> listTrustFile();
}
