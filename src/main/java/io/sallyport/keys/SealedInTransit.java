package io.sallyport.keys;

import java.time.Duration;

/**
 * Values from {@link Keys#seal} that this server hands out and gets back: no change of the master key reaches them, so the
 * former key is needed until the last of them is worthless. Whoever hands such out has a bean of this.
 *
 * @param what for people
 * @param longest how long after it was sealed a value may come back
 */
public record SealedInTransit(String what, Duration longest) {}
