package io.sallyport.boot;

import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.eclipse.microprofile.config.Config;
import org.jboss.logging.Logger;

/** Tells once, in one line, what this server runs with, defaults included and secrets left out. */
@Singleton
final class SettingsReport {
  /** Before everything else: a start that fails is easier to understand with it. */
  private static final int FIRST = 50;

  private static final Logger LOG = Logger.getLogger(SettingsReport.class);
  private static final String PREFIX = "sallyport.";
  private static final Pattern SECRET = Pattern.compile(".*(secret|password|token|key)");

  private final Config config;

  SettingsReport(Config config) {
    this.config = config;
  }

  void tell(@Observes @Priority(FIRST) StartupEvent event) {
    LOG.infof("Settings: %s", settings());
  }

  String settings() {
    TreeMap<String, String> shown = new TreeMap<>();
    StreamSupport.stream(config.getPropertyNames().spliterator(), false)
        .filter(name -> name.startsWith(PREFIX) && !isSecret(name))
        .forEach(name -> config
            .getOptionalValue(name, String.class)
            .ifPresent(value -> shown.put(name.substring(PREFIX.length()), clean(value))));
    return shown.entrySet().stream()
        .map(setting -> setting.getKey() + "=" + setting.getValue())
        .collect(Collectors.joining(" "));
  }

  static boolean isSecret(String name) {
    return SECRET.matcher(name).matches();
  }

  /** A URL may carry a user before the host and a password behind the question mark. */
  static String clean(String value) {
    return value
        .replaceAll("[^\\x20-\\x7e]", "?")
        .replaceFirst("//[^/@\\s]*@", "//…@")
        .replaceFirst("(?<=:[^?]{0,400})\\?.*", "?…");
  }
}
