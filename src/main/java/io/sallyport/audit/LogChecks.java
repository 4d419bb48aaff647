package io.sallyport.audit;

import java.util.List;

/** Checks of the log against what was signed. They trust this server's tables no further than the signatures go. */
public interface LogChecks {
  /** What was looked at, in order, up to the first thing that did not hold. */
  record Check(List<Step> steps) {
    public Check {
      steps = List.copyOf(steps);
    }

    public boolean holds() {
      return steps.stream().allMatch(Step::holds);
    }
  }

  /** One thing that was looked at, in a sentence. */
  record Step(boolean holds, String sentence) {}

  /** Whether the fact at {@code position} is in the tree that the first checkpoint behind it signs. */
  Check inclusion(long position);

  /**
   * Whether the log of today goes on from a checkpoint that was kept elsewhere.
   *
   * @param note the checkpoint's signed text
   */
  Check consistency(String note);
}
