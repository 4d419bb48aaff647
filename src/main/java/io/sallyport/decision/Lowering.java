package io.sallyport.decision;

import io.sallyport.attestation.Assurance;
import io.sallyport.attestation.TrustTier;
import io.sallyport.policy.Question.Posture;
import io.sallyport.policy.Question.PostureClaim;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The best that a claim can be until then. */
record Lowering(String claim, TrustTier tier, Instant until) {
  private static final String NONE = TrustTier.NONE.word();

  /** What is left of a posture at that time; null for none. */
  @Nullable
  Posture on(@Nullable Posture before, Instant time) {
    if (!time.isBefore(until)) {
      return before;
    }
    Posture base = before == null ? new Posture(NONE, Map.of(), Map.of(), until) : before;
    Map<String, PostureClaim> claims = new HashMap<>(base.claims());
    PostureClaim found = claims.get(claim);
    if (lowers(found == null ? NONE : found.tier(), tier)) {
      claims.put(claim, new PostureClaim(tier.word(), Assurance.NETWORK_OBSERVED.word()));
    }
    return new Posture(
        lowers(base.status(), tier) ? tier.word() : base.status(),
        claims,
        base.observed(),
        base.expiresAt());
  }

  /** No statement is worse than a warning: a policy can rest on a warning. */
  private static boolean lowers(String word, TrustTier to) {
    TrustTier from = TrustTier.valueOf(word.toUpperCase(Locale.ROOT));
    return from == TrustTier.NONE ? to == TrustTier.CONTRAINDICATED : from.compareTo(to) < 0;
  }
}
