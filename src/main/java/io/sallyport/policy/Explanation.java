package io.sallyport.policy;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Why a question is answered as it is, and what would turn the answer.
 *
 * @param facts what was looked at
 * @param unmet what stands between the device and a permit, of the policies that select it; empty when permitted
 * @param changes each alone turns a denial into a permit, nearest first; empty when permitted or when none was found
 */
public record Explanation(
    Verdict verdict, List<Fact> facts, List<Unmet> unmet, List<Change> changes) {
  public Explanation {
    facts = List.copyOf(facts);
    unmet = List.copyOf(unmet);
    changes = List.copyOf(changes);
  }

  /**
   * Something that an evaluation looked at.
   *
   * @param name as a condition names it, for instance {@code posture.firmware.version}
   * @param source where it comes from: {@code device}, {@code appraisal}, {@code signal}, {@code question}
   */
  public record Fact(String name, @Nullable String value, String source) {}

  /** What kind of thing is not met. */
  public enum Kind {
    POSTURE,
    CONDITION,
    FLOW,
    FORBIDDEN,
    TIME
  }

  /**
   * Something that a policy wants and that is not so.
   *
   * @param rule the rule's name, or null when it is the whole policy that wants it
   * @param what the claim, the condition or the flow
   * @param has what is so, or null when nothing is known
   */
  public record Unmet(
      String policy,
      @Nullable String rule,
      Kind kind,
      String what,
      @Nullable String has,
      String wants) {}

  /**
   * The least that would turn the answer by one policy.
   *
   * @param words for people, for instance {@code posture.firmware.version 1.3 or later would permit}
   */
  public record Change(String policy, Kind kind, String words) {}
}
