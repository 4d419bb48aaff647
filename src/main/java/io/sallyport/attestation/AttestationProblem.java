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
