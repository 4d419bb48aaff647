package io.sallyport.marks;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** Settings of the marks that are kept outside of the database. */
@ConfigMapping(prefix = "sallyport.marks")
interface MarkSettings {
  /** Where they are kept: nowhere that is restored together with the database. Nodes may share a folder. */
  @WithDefault("${sallyport.data:data}/marks")
  String folder();

  /** Whether a start without marks is refused when some were kept for this database before. */
  @WithDefault("false")
  boolean required();

  /** By how much the clock may be behind what was signed last. */
  @WithDefault("PT1M")
  Duration clockTolerance();
}
