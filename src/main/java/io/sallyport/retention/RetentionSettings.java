package io.sallyport.retention;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** How long records are kept. */
@ConfigMapping(prefix = "sallyport.retention")
public interface RetentionSettings {
  /** Whether this node drops nothing. */
  @WithDefault("false")
  boolean hold();

  /** How long the content of facts is kept. */
  @WithDefault("P3653D")
  Duration facts();

  /** How long the lines of the decision log are kept, and what they were computed from. */
  @WithDefault("P400D")
  Duration decisions();

  /** How long certificates are kept after they have ended. */
  @WithDefault("P3653D")
  Duration certificates();

  /** How much time a partition holds that is made from now on: {@code month}, {@code quarter} or {@code year}. */
  @WithDefault("month")
  String partition();

  default Duration term(RecordKind kind) {
    return switch (kind) {
      case FACTS -> facts();
      case DECISIONS, INPUTS -> decisions();
      case CERTIFICATES -> certificates();
    };
  }
}
