package io.sallyport.attestation;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** Settings of attestation. */
@ConfigMapping(prefix = "sallyport.attestation")
public interface AttestationSettings {
  /** How long a challenge can be answered; more than zero, at most an hour. */
  @WithDefault("PT5M")
  Duration challengeLifetime();
}
