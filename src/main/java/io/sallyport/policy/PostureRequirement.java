package io.sallyport.policy;

import io.sallyport.policy.Question.PostureClaim;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The least that one AR4SI claim must reach: both a tier and what the claim rests on (law 10). */
record PostureRequirement(String claim, String tier, String assurance) {
  /** The AR4SI trustworthiness claims (draft-ietf-rats-ar4si §2.3). */
  static final List<String> CLAIMS = List.of(
      "instance-identity",
      "configuration",
      "executables",
      "file-system",
      "hardware",
      "runtime-opaque",
      "storage-opaque",
      "sourced-data");

  /** Worst first. {@code none} makes no statement, so it is not among them and never satisfies. */
  static final List<String> TIERS = List.of("contraindicated", "warning", "affirming");

  /** Weakest first. */
  static final List<String> ASSURANCES =
      List.of("declared", "network-observed", "signed-software", "hardware");

  /** What {@code found} lacks, in words, or null when it suffices. */
  @Nullable
  String shortfall(@Nullable PostureClaim found) {
    if (found == null || !TIERS.contains(found.tier())) {
      return claim + " was not appraised, and must be " + words();
    }
    if (TIERS.indexOf(found.tier()) < TIERS.indexOf(tier)) {
      return claim + " is " + found.tier() + ", and must be " + words();
    }
    if (ASSURANCES.indexOf(found.assurance()) < ASSURANCES.indexOf(assurance)) {
      return claim + " rests on " + found.assurance() + ", and must be " + words();
    }
    return null;
  }

  /** For instance {@code warning or better on signed-software or stronger}. */
  String words() {
    return tier
        + (tier.equals(TIERS.getLast()) ? "" : " or better")
        + " on "
        + assurance
        + (assurance.equals(ASSURANCES.getLast()) ? "" : " or stronger");
  }
}
