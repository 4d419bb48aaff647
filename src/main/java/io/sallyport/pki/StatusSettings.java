package io.sallyport.pki;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** Where certificate status is served and how long an answer counts (law 5: what is checked offline declares its bound). */
@ConfigMapping(prefix = "sallyport.status")
public interface StatusSettings {
  /** Base of the URLs that certificates carry for CRL, OCSP and issuer; fixed into every certificate. */
  @WithDefault("http://localhost:${sallyport.http-port:8080}")
  String url();

  /** From thisUpdate to nextUpdate of a CRL. */
  @WithDefault("PT1H")
  Duration crlValidity();

  /** From thisUpdate to nextUpdate of a delta CRL. */
  @WithDefault("PT10M")
  Duration deltaValidity();

  /**
   * Lists that the certificates of each issuing authority are spread over. May be raised at any time: what is issued
   * already stays where it is.
   */
  @WithDefault("64")
  int crlShards();

  /** From thisUpdate to nextUpdate of an OCSP answer. */
  @WithDefault("PT5M")
  Duration ocspValidity();
}
