package io.sallyport.policy;

import io.sallyport.policy.Question.Described;
import io.sallyport.policy.Question.Subject;
import java.util.Map;
import java.util.Set;

/** Devices to ask about. */
final class TestSubjects {
  private TestSubjects() {}

  /** An active device to which all policies may apply. NullAway does not see that a compact constructor takes null. */
  @SuppressWarnings("NullAway")
  static Subject of(String profile, String site, Map<String, String> labels) {
    return new Described("id-1", "acme", "c1", "s1", profile, "ops", site, labels, "active", null);
  }

  /** A camera whose profile lets these policies permit. */
  static Subject named(Set<String> policies) {
    return new Described(
        "id-1", "acme", "c1", "s1", "camera", "ops", "plant-1", Map.of(), "active", policies);
  }
}
