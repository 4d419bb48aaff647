package io.sallyport.door.authzen;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** Settings of the AuthZEN door. */
@ConfigMapping(prefix = "sallyport.authzen")
interface AuthzenSettings {
  /** {@code policy_decision_point} of the metadata: the device front as enforcement points see it, no trailing slash. */
  @WithDefault("https://localhost:${sallyport.https-port:8443}")
  String policyDecisionPoint();
}
