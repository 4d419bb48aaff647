package io.sallyport.enrollment;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import io.smallrye.config.WithName;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Settings of accounts, orders and the checks that they wait for. */
@ConfigMapping(prefix = "sallyport.acme")
public interface AcmeSettings {
  /** The port that http-01 asks devices on. */
  @WithName("http-01-port")
  @WithDefault("80")
  int http01Port();

  /**
   * Networks in CIDR form that http-01 may connect to although they are refused otherwise: loopback, link-local, cloud
   * metadata, this host's own addresses.
   */
  Optional<List<String>> allowedNetworks();

  /** DNS server, {@code address} or {@code address:port}, that http-01 asks; default the machine's own resolver. */
  Optional<String> resolver();

  /** How long an order and its authorizations can be worked on; at most 30 days. */
  @WithDefault("P1D")
  Duration orderLifetime();

  /** Orders that one account may have open at the same time. */
  @WithDefault("20")
  int openOrders();
}
