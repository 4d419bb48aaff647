package io.sallyport.enforcement;

import io.sallyport.kernel.Problem;

/** What the register of enforcement points refuses. */
public enum EnforcementProblem implements Problem {
  UNKNOWN_ENFORCEMENT_POINT("unknown-enforcement-point", 404, "No such enforcement point"),
  ENFORCEMENT_POINT_EXISTS(
      "enforcement-point-exists", 409, "The enforcement point is registered with another key"),
  INVALID_SESSION("invalid-session", 422, "The session's description is not valid"),
  INVALID_ADDRESS("invalid-address", 422, "The address binding is not valid"),
  ADDRESS_CONFLICT("address-conflict", 409, "The address is bound to another device"),
  INVALID_ENFORCEMENT_POINT(
      "invalid-enforcement-point", 422, "The enforcement point's description is not valid");

  private final String slug;
  private final int status;
  private final String title;

  EnforcementProblem(String slug, int status, String title) {
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
