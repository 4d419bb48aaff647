package io.sallyport.door.radius;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** Settings of the RADIUS door. */
@ConfigMapping(prefix = "sallyport.radius")
interface RadiusSettings {
  /** The longest Session-Timeout, from one second to a year. A permit that ends earlier ends the session earlier. */
  @WithDefault("PT8H")
  Duration longestSession();

  /** Session-Timeout in the quarantine network, after which a device that recovered is asked about again. */
  @WithDefault("PT10M")
  Duration quarantineSession();

  /** Acct-Interim-Interval, from one minute to a day. A session is over when three of them pass in silence. */
  @WithDefault("PT5M")
  Duration interim();
}
