package io.sallyport.decision;

import java.time.Instant;
import java.util.List;

/** Which rules the logged decisions rest on. */
public interface RuleUses {
  /**
   * A rule that decided.
   *
   * @param rule its name within the policy
   * @param decisions how many logged decisions it decided
   * @param last the newest of them
   */
  record Use(String policy, String rule, long decisions, Instant last) {}

  /** Since then, in order of policy and rule. Reads every logged decision since then: for people, who can wait. */
  List<Use> since(Instant since);
}
