package io.sallyport.cli;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What came out of checking a log.
 *
 * @param facts how many facts were checked and fit, from the first
 * @param covered how many of them a checkpoint that holds covers
 * @param finding the first position that does not fit, or null when everything does
 * @param excluded what can have happened no more, a sentence each
 * @param notExcluded what this check could not exclude, a sentence each
 */
public record LogVerdict(
    long facts,
    long covered,
    @Nullable Finding finding,
    List<String> excluded,
    List<String> notExcluded) {
  public LogVerdict {
    excluded = List.copyOf(excluded);
    notExcluded = List.copyOf(notExcluded);
  }

  public boolean ok() {
    return finding == null;
  }

  /**
   * What does not fit.
   *
   * @param position the first position that does not fit, or that may be concerned where only a range is known
   * @param sentence for a reader
   */
  public record Finding(long position, Fault fault, String sentence) {}

  /** In what way a log does not fit. */
  public enum Fault {
    ALTERED,
    MISSING,
    REORDERED,
    ROOT_MISMATCH,
    BAD_CHECKPOINT,
    REWRITTEN,
    UNWITNESSED
  }
}
