package io.sallyport.audit;

import io.sallyport.kernel.Actor;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Closes the gap between a database that went back and its marks (law 9), from an export of the log. */
public interface Reconciliation {
  /** Where the database stands, and what it needs. */
  Gap gap();

  /**
   * Forgets what was brought: the beginning of an export. What an earlier one left, perhaps one of another history, would
   * stand between its facts and checkpoints.
   */
  void forget();

  /**
   * Keeps a part of the log until all of it is there. Nothing is believed yet.
   *
   * @param after position before the first of {@code leaves}
   * @param leaves the exact octets of facts, in order
   * @param notes signed notes of checkpoints that cover them
   */
  void bring(long after, List<byte[]> leaves, List<String> notes);

  /**
   * Puts what was brought in its place, in one transaction, if it is signed, goes on from this database's log and reaches
   * the marks; refuses otherwise.
   *
   * @param dryRun does all of it and takes it back
   * @param lossAccepted why what could not be brought is taken for lost; null when the marks must be reached
   * @param brought the size of the largest checkpoint that the caller brought, 0 for none: whoever began anew meanwhile
   *     must not make the loss larger. Null when the caller takes what is there
   */
  Closed close(Actor by, boolean dryRun, @Nullable String lossAccepted, @Nullable Long brought);

  /** Takes the clock as it is, and records by whom and why. */
  void acceptClock(Actor by, String reason);

  /**
   * @param sealed facts under a checkpoint in this database
   * @param needed the size that the log must reach
   */
  record Gap(long sealed, long needed) {}

  /**
   * What was done.
   *
   * @param from size of the log before
   * @param to size of the log now
   * @param done lost facts that were acted upon, by kind
   * @param byHand lost facts that somebody has to act upon, by kind the subjects, at most a hundred of each
   * @param recorded further facts that were recorded
   */
  record Closed(
      long from, long to, Map<String, Long> done, Map<String, Set<String>> byHand, int recorded) {
    public Closed {
      done = Map.copyOf(done);
      byHand = Map.copyOf(byHand);
    }
  }
}
