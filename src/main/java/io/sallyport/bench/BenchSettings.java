package io.sallyport.bench;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Set by the command {@code bench} for a server that is thrown away; never for one that is used. */
@ConfigMapping(prefix = "sallyport")
public interface BenchSettings {
  /** The probes to run, or {@code all}; without it nothing is measured. */
  Optional<List<String>> bench();

  /** Where the figures go, as JSON. */
  Optional<String> benchOut();

  /** How long each measurement goes on, where it is one of time. */
  @WithDefault("PT5S")
  Duration benchTime();

  /** The front for devices, as it is reached from here. */
  @WithDefault("https://localhost:${sallyport.https-port:8443}")
  String benchFront();
}
