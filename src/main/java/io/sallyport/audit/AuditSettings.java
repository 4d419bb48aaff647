package io.sallyport.audit;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/** Settings of the log. */
@ConfigMapping(prefix = "sallyport.audit")
interface AuditSettings {
  /** The log's name in every checkpoint, a URL without a scheme; it may not change once something is sealed. */
  @WithDefault("sallyport.local/log")
  String origin();
}
