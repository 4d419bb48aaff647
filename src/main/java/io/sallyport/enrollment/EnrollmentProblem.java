package io.sallyport.enrollment;

import io.sallyport.kernel.Problem;

/** What enrollment refuses. */
public enum EnrollmentProblem implements Problem {
  UNKNOWN_CLIENT("unknown-client", 401, "The client is not recognised"),
  WRONG_TOKEN("wrong-token", 401, "The enrollment token is not valid"),
  NOT_REGISTERED("not-registered", 403, "The device is not registered"),
  NOT_A_DEVICE("not-a-device", 403, "The certificate is not one of a device"),
  OTHER_NAMES("other-names", 403, "The request asks for names that are not the device's"),
  TOKEN_OF_ANOTHER_DEVICE("token-of-another-device", 403, "The token is for another device"),
  NO_CURRENT_CERTIFICATE("no-current-certificate", 403, "Renewal needs the current certificate"),
  CERTIFICATE_PROFILE_NOT_ALLOWED(
      "certificate-profile-not-allowed", 403, "The certificate profile is not allowed"),
  INVALID_LIFETIME("invalid-lifetime", 422, "The lifetime is not acceptable");

  private final String slug;
  private final int status;
  private final String title;

  EnrollmentProblem(String slug, int status, String title) {
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
