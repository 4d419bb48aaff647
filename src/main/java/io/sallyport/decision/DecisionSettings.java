package io.sallyport.decision;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** Settings of the decision point. */
@ConfigMapping(prefix = "sallyport.decision")
interface DecisionSettings {
  /** L of law 5: a node that was not confirmed current within this time denies. */
  @WithDefault("5s")
  Duration confirmWithin();

  /** How often the change feed is asked. */
  @WithDefault("200ms")
  Duration followEvery();

  /** How often logged decisions are written. */
  @WithDefault("250ms")
  Duration logEvery();
}
