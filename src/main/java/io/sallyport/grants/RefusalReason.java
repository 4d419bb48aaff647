package io.sallyport.grants;

import io.sallyport.policy.Question.RequestedFlow;
import org.jspecify.annotations.Nullable;

/**
 * Why a grant was refused, for a device to act on.
 *
 * @param code a word that does not change: {@code stale}, {@code unconfirmed}, {@code error}, {@code device}, {@code state},
 *     {@code credential}, {@code ended}, {@code policy}, {@code posture}, {@code condition}, {@code flow}, {@code
 *     forbidden}, {@code time}
 * @param flow the flow that it is about, or null when it is about all
 * @param policy the policy that wants something, or null
 * @param rule its rule, or null
 * @param detail a sentence for people
 * @param what the claim, the condition or the flow that is not as the policy wants it, or null
 * @param has what is so, or null when nothing is known
 * @param wants what the policy wants, or null
 */
public record RefusalReason(
    String code,
    @Nullable RequestedFlow flow,
    @Nullable String policy,
    @Nullable String rule,
    String detail,
    @Nullable String what,
    @Nullable String has,
    @Nullable String wants,
    Remedy remedy) {
  /** What the device can do by itself. */
  public enum Remedy {
    /** Attest, perhaps after an update, then ask again. */
    ATTEST,
    /** Renew the certificate, or connect with the newest one. */
    RENEW,
    /** Ask again a little later. */
    WAIT,
    /** Ask without this flow: others of the same request are permitted. */
    NARROW,
    /** Nothing; people have to. */
    NONE;

    /** The word on the wire. */
    public String word() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /** About the whole request, from no policy. */
  static RefusalReason of(String code, String detail, Remedy remedy) {
    return new RefusalReason(code, null, null, null, detail, null, null, null, remedy);
  }
}
