package io.sallyport.pki;

import io.sallyport.kernel.Problem;

/** What the authorities refuse. */
public enum PkiProblem implements Problem {
  BAD_REQUEST("bad-certificate-request", 400, "The certificate request is not acceptable"),
  WEAK_KEY("weak-key", 400, "The public key is not acceptable"),
  KEY_KIND_NOT_ALLOWED(
      "key-kind-not-allowed", 400, "The certificate profile asks for another kind of key"),
  AUTHENTICATION_SPENT(
      "authentication-spent", 403, "What authenticated the request was used before"),
  REVOKED_MEANWHILE(
      "revoked-meanwhile", 403, "The device was revoked while its certificate was made"),
  NAME_NOT_PERMITTED("name-not-permitted", 403, "The issuing authority may not certify this name"),
  AUTHORITY_REVOKED("authority-revoked", 403, "The issuing authority is revoked"),
  HELD("certificate-held", 403, "A certificate on this key is on hold"),
  UNKNOWN_AUTHORITY("unknown-authority", 404, "No such authority"),
  UNKNOWN_CERTIFICATE("unknown-certificate", 404, "No such certificate"),
  UNKNOWN_CERTIFICATE_PROFILE("unknown-certificate-profile", 404, "No such certificate profile"),
  CANNOT_RELEASE("cannot-release", 409, "The certificate cannot be released"),
  AUTHORITY_EXISTS("authority-exists", 409, "The authority exists already"),
  CERTIFICATE_GONE("certificate-gone", 410, "The certificate is not kept any more"),
  INVALID_AUTHORITY("invalid-authority", 422, "The authority cannot be made like this"),
  BAD_AUTHORITY_CERTIFICATE(
      "bad-authority-certificate", 422, "The authority's certificate does not fit"),
  BAD_REVOCATION_LIST("bad-revocation-list", 422, "The revocation list is not acceptable"),
  INVALID_CERTIFICATE_PROFILE(
      "invalid-certificate-profile", 422, "The certificate profile is not valid"),
  INVALID_CAMPAIGN("invalid-campaign", 422, "The renewal campaign is not valid"),
  INVALID_REASON("invalid-revocation-reason", 422, "Not a revocation reason that can be given"),
  LINT("lint", 500, "The certificate would break a rule"),
  IN_PROGRESS("in-progress", 503, "The same request is being answered");

  private final String slug;
  private final int status;
  private final String title;

  PkiProblem(String slug, int status, String title) {
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
