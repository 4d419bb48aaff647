package io.sallyport.admin.api;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** Settings of the front for people and automation. */
@ConfigMapping(prefix = "sallyport.people")
public interface PeopleSettings {
  /** Wrong bearer tokens that one address may send in a minute before it gets 429. */
  @WithDefault("60")
  int failedAuthenticationsPerMinute();
}
