package io.sallyport.door;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.Optional;

/** Settings of traces. */
@ConfigMapping(prefix = "sallyport.traces")
public interface TraceSettings {
  /**
   * URL of a collector that takes OTLP over HTTP, with or without {@code /v1/traces}; without it there are no traces and
   * no connections.
   */
  Optional<String> endpoint();

  /** The part of requests without a trace parent that is traced, 0 to 1; with a parent, the parent says. */
  @WithDefault("1")
  double ratio();
}
