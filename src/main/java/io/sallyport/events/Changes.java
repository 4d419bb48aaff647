package io.sallyport.events;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The change feed: numbered facts in order, at least once, resumable from any position. What any node commits is here on
 * every node, a moment after it was numbered.
 */
public interface Changes {
  /** The priority at which numbering starts on {@code StartupEvent}; whoever follows starts at a higher one. */
  int START = 1000;

  /** The highest position numbered so far, 0 when there is none. Read from the database. */
  long position();

  /**
   * At most {@code limit} changes with a position above {@code position}, in order, without gaps. From memory when they
   * are recent, otherwise from the database.
   */
  List<Change> after(long position, int limit);

  /** How far this node is known to be current, or null before it first was. From memory. */
  @Nullable
  Confirmation confirmed();

  /**
   * Gives {@code follower} every change above {@code position} in a thread of its own, until it is closed. Whoever keeps
   * a picture in memory asks for {@link #position} first, then reads the picture, then follows from that position.
   *
   * @param name for the thread and the log
   */
  Following follow(String name, long position, Follower follower);

  /**
   * The same, once for all nodes: one node at a time gives the changes to its follower, and goes on where the last one
   * stopped, also after a restart. The very first time it begins with what is numbered from then on. A change whose
   * follower returned is given again only when the node dies before it has noted that, or the database before that is on the disk. A call should end within 20 s:
   * after that another node may take over, which gives the same changes again.
   *
   * @param job the name under which the position is kept; it may not change
   */
  Following followOnce(String job, Follower follower);

  /**
   * A numbered fact, without its detail.
   *
   * @param position 1 for the first fact, rising by one
   * @param id the fact's own
   */
  record Change(long position, UUID id, String kind, String subjectType, String subject) {
    /** The subject where it is an id; empty for anything else, as no follower may stop at one fact. */
    public Optional<UUID> subjectId() {
      try {
        return Optional.of(UUID.fromString(subject));
      } catch (IllegalArgumentException e) {
        return Optional.empty();
      }
    }
  }

  /**
   * Every fact that was committed on any node before {@code at} has a number, and none above {@code position}.
   *
   * @param at by the clock of this node
   */
  record Confirmation(long position, Instant at) {}

  /** Who follows. Calls come one at a time. */
  interface Follower {
    /**
     * Some changes, in order, never none. When it throws, it gets the same ones again a little later, perhaps with more
     * behind them.
     */
    void changed(List<Change> changes);

    /** Every change that was committed on any node before {@code instant} was given to {@link #changed} (law 5). */
    default void confirmed(Instant instant) {}
  }

  /** The end of a following. */
  interface Following extends AutoCloseable {
    /** Waits for the call under way, at most a few seconds. */
    @Override
    void close();
  }
}
