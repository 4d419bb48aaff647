package io.sallyport.attestation;

import io.sallyport.kernel.Problem;

/** What attestation refuses. */
public enum AttestationProblem implements Problem {
  INVALID_EVIDENCE("invalid-evidence", 400, "The evidence is not well-formed"),
  EVIDENCE_SIGNATURE("evidence-signature", 403, "The evidence is not signed by this device"),
  WRONG_NONCE("wrong-nonce", 403, "The nonce is not an open challenge of this device"),
  STALE_EVIDENCE("stale-evidence", 403, "The evidence was not made now"),
  REVOKED_CREDENTIAL("revoked-credential", 403, "The certificate was revoked meanwhile"),
  INVALID_SIGNAL("invalid-signal", 422, "The signal is not valid"),
  TOO_MANY_SIGNALS("too-many-signals", 409, "The device has too many signals"),
  INVALID_ATTESTATION_KEY("invalid-attestation-key", 400, "The attestation key is not acceptable"),
  UNTRUSTED_ENDORSEMENT_KEY(
      "untrusted-endorsement-key", 403, "No trusted root vouches for the endorsement key"),
  OFFER_OVER("offer-over", 403, "The secret was answered before or has expired"),
  WRONG_SECRET("wrong-secret", 403, "The secret is not the one that was sealed"),
  QUOTE_MISMATCH("quote-mismatch", 403, "The quote does not prove what came with it"),
  UNKNOWN_OFFER("unknown-offer", 404, "No such attestation key is to be activated"),
  UNKNOWN_TPM_ROOT("unknown-tpm-root", 404, "No such TPM root"),
  INVALID_TPM_ROOT("invalid-tpm-root", 422, "The TPM root is not valid"),
  UNSUPPORTED_EVIDENCE("unsupported-evidence", 415, "This kind of evidence is not supported");

  private final String slug;
  private final int status;
  private final String title;

  AttestationProblem(String slug, int status, String title) {
    this.slug = slug;
    this.status = status;
    this.title = title;
  }

  @Override
  public String slug() {
    return slug;
  }

  @Override
  public int status() {
    return status;
  }

  @Override
  public String title() {
    return title;
  }
}
