package io.sallyport.door.feed;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/** Settings of the feeds. */
@ConfigMapping(prefix = "sallyport.feed")
interface FeedSettings {
  /** How often every stream gets a heartbeat with the confirmed position. */
  @WithDefault("PT2S")
  Duration heartbeatEvery();

  /** A node that was not confirmed current within this time gives out no snapshot and no list. */
  @WithDefault("PT5S")
  Duration confirmWithin();

  /** Entries of one point; beyond that its feed is refused, never cut. */
  @WithDefault("50000")
  int mostEntries();

  /** Streams that this node keeps open for one point. */
  @WithDefault("8")
  int mostStreamsForPoint();

  /** Octets that wait for a consumer, a snapshot aside, before its stream is cut. */
  @WithDefault("4194304")
  int mostWaiting();
}
