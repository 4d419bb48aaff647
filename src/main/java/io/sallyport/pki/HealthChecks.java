package io.sallyport.pki;

import io.quarkus.arc.All;
import jakarta.inject.Singleton;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/** Makes every check, whatever comes of another. */
@Singleton
final class HealthChecks implements PkiHealth {
  private static final Logger LOG = Logger.getLogger(HealthChecks.class);

  private final List<HealthCheck> checks;

  HealthChecks(@All List<HealthCheck> checks) {
    this.checks =
        checks.stream().sorted(Comparator.comparing(HealthCheck::name)).toList();
  }

  @Override
  public List<Finding> check() {
    return checks.stream().flatMap(HealthChecks::look).toList();
  }

  private static Stream<Finding> look(HealthCheck check) {
    try {
      return check.look().stream();
    } catch (RuntimeException e) {
      LOG.warnf(e, "The check %s could not be made", check.name());
      return Stream.of(new Finding(
          check.name(),
          Level.FAULT,
          "this check",
          "It could not be made.",
          "The server's log says why; mend that and ask again."));
    }
  }
}
