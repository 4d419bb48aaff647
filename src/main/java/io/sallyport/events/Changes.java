package io.sallyport.events;

import java.util.List;

/** The change feed: numbered facts in order, at least once, resumable from any position. */
public interface Changes {
  /** The priority at which numbering starts on {@code StartupEvent}; whoever follows starts at a higher one. */
  int START = 1000;

  /** The highest position numbered so far, 0 when there is none. */
  long position();

  /** At most {@code limit} changes with a position above {@code position}, in order, without gaps. */
  List<Change> after(long position, int limit);

  /**
   * A numbered fact, without its detail.
   *
   * @param position 1 for the first fact, rising by one
   */
  record Change(long position, String kind, String subjectType, String subject) {}
}
