package io.sallyport.decision;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** Settings of the decision point. */
@ConfigMapping(prefix = "sallyport.decision")
interface DecisionSettings {
  /** L of law 5: a node that was not confirmed current within this time denies. */
  @WithDefault("PT5S")
  Duration confirmWithin();

  /** How often logged decisions are written. */
  @WithDefault("PT0.25S")
  Duration logEvery();

  /** The share of permits that is logged, from 0 to 1; denials always are. */
  @WithDefault("1.0")
  double logPermits();

  /** What becomes of decisions that the database does not take as fast as they are made. */
  @WithDefault("spill")
  LogOverflow logOverflow();

  /** How long an answer waits for the log at most, with {@link LogOverflow#BLOCK}. */
  @WithDefault("PT0.2S")
  Duration logWait();

  /** The folder of what is spilled, of this node alone. */
  @WithDefault("${sallyport.data:data}/decisions")
  String spillFolder();

  /** How much is spilled at most, in units of 2^20 octets. */
  @WithDefault("1024")
  int spillMegabytes();
}
