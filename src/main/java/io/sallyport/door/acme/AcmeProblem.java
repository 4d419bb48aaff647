package io.sallyport.door.acme;

import io.sallyport.kernel.Problem;

/** What is wrong with the way a request is written or signed (RFC 8555 §6). */
enum AcmeProblem implements Problem {
  BAD_SIGNATURE_ALGORITHM(
      "bad-signature-algorithm", 400, "The signature algorithm is not supported"),
  BAD_PUBLIC_KEY("bad-public-key", 400, "The key is not acceptable"),
  WRONG_SIGNATURE("wrong-signature", 401, "The signature does not hold"),
  WRONG_URL("wrong-url", 403, "The request was signed for another URL"),
  EXTERNAL_ACCOUNT_REQUIRED(
      "external-account-required", 403, "An account needs an external account binding");

  private final String slug;
  private final int status;
  private final String title;

  AcmeProblem(String slug, int status, String title) {
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
