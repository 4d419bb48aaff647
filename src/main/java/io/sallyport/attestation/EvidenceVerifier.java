package io.sallyport.attestation;

import io.sallyport.attestation.Appraisal.Claim;
import io.sallyport.devices.DeviceProfile;
import io.sallyport.pki.Credential;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Reads and appraises one format of evidence. Safe for any thread; called outside any transaction. */
interface EvidenceVerifier {
  /** The media type that it reads, lower-case, without parameters. */
  String mediaType();

  /**
   * Reads untrusted bytes and checks that they were signed for {@code presenter}. Says nothing yet of freshness or
   * content, so that a nonce is only ever consumed by the one whom it was given to.
   *
   * @throws io.sallyport.kernel.Refusal {@code too-large}, {@code invalid-evidence}, {@code evidence-signature}
   */
  Authentic authenticate(Presenter presenter, byte[] evidence);

  /** Who brings the evidence: a device, by the certificate on its connection. */
  record Presenter(UUID device, Credential credential) {}

  /** Evidence whose signature holds. */
  interface Authentic {
    /** The nonce that it answers, as it stands there. */
    String nonce();

    /**
     * What is to be made of it, by the reference values of the profile.
     *
     * @throws io.sallyport.kernel.Refusal {@code invalid-evidence}, {@code stale-evidence}, {@code unsupported-evidence},
     *     {@code quote-mismatch}
     */
    Findings appraise(DeviceProfile profile, Instant now);

    /** When what it was signed with ends (law 4), beside the certificate on the connection. */
    default Instant end() {
      return Instant.MAX;
    }

    /** Keeps what later evidence is compared with, in the transaction that records the appraisal. */
    default void keep(Instant now) {}
  }

  /**
   * What an appraisal found.
   *
   * @param submodule the part of the device that was appraised, as the EAR calls it
   * @param claims by AR4SI claim name
   * @param observed what the evidence said, by the names that {@link Appraisal#observed} promises
   * @param policyIds what identifies the rules and reference values exactly
   */
  record Findings(
      String submodule,
      Map<String, Claim> claims,
      Map<String, Object> observed,
      List<String> policyIds) {
    public Findings {
      claims = Map.copyOf(claims);
      observed = Map.copyOf(observed);
      policyIds = List.copyOf(policyIds);
    }

    /** The worst claim's tier, except that nothing is affirmed of a device whose executables nobody could compare. */
    TrustTier status() {
      TrustTier worst = Appraisal.worst(claims);
      Claim executables = claims.get(ClaimNames.EXECUTABLES);
      boolean unknown = executables == null || executables.tier() == TrustTier.NONE;
      return worst == TrustTier.AFFIRMING && unknown ? TrustTier.NONE : worst;
    }
  }
}
