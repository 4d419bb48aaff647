package io.sallyport.events;

import java.util.UUID;

/** The server processes that share the database. */
public interface Nodes {
  /** The priority at which this process joins on {@code StartupEvent}: before everything else. */
  int START = 50;

  /** The id of this process, another one after each start. */
  UUID here();

  /** 1 to 127; no other process that is connected has the same one. */
  int prefix();

  /**
   * Whether that process still has its session with the database. One that lost it for a moment counts as dead, so what
   * is done for the dead must be safe against the living. In the caller's transaction.
   */
  boolean isAlive(UUID life);

  /** Whether no other process is connected. In a connection of its own. */
  boolean isAlone();
}
