package io.sallyport.door;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** Settings of the front for devices. */
@ConfigMapping(prefix = "sallyport.door")
public interface DoorSettings {
  /** Failed authentications that one address may make in a minute before it gets 429. */
  @WithDefault("300")
  int failedAuthenticationsPerMinute();
}
