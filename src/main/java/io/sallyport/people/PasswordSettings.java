package io.sallyport.people;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** Settings of signing in with a password. */
@ConfigMapping(prefix = "sallyport.console")
public interface PasswordSettings {
  /** Wrong passwords in a minute for one name from one address; four times as many from an address, twelve for a name. */
  @WithDefault("5")
  int failedSignInsPerMinute();
}
