package io.sallyport.door.oauth;

import io.sallyport.kernel.Problem;

/** Errors of the token endpoint (RFC 6749 §5.2, RFC 9396 §5); the code on the wire is the slug with underscores. */
enum OAuthProblem implements Problem {
  INVALID_REQUEST("invalid-request", 400, "The request is not well-formed"),
  INVALID_CLIENT("invalid-client", 401, "The client is not the one on the connection"),
  UNSUPPORTED_GRANT_TYPE("unsupported-grant-type", 400, "Only client_credentials is supported"),
  INVALID_AUTHORIZATION_DETAILS(
      "invalid-authorization-details", 400, "The authorization details are not valid");

  private final String slug;
  private final int status;
  private final String title;

  OAuthProblem(String slug, int status, String title) {
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
