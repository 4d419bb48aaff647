package io.sallyport.door;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** Settings of the log that operators read. */
@ConfigMapping(prefix = "sallyport.log")
public interface LogSettings {
  /** {@code text} or {@code json}: one JSON object a line. */
  @WithDefault("text")
  Format format();

  /** Whether each request gets a line: front, method, route, status and time; never its path. */
  @WithDefault("false")
  boolean access();

  /** How a line looks. */
  enum Format {
    TEXT,
    JSON
  }
}
