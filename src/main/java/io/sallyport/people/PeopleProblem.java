package io.sallyport.people;

import io.sallyport.kernel.Problem;

/** What the list of operators refuses. */
public enum PeopleProblem implements Problem {
  UNKNOWN_OPERATOR("unknown-operator", 404, "No such operator"),
  UNKNOWN_LINK("unknown-link", 404, "The link is not valid any more"),
  OPERATOR_EXISTS("operator-exists", 409, "The operator is registered already"),
  LAST_ADMINISTRATOR("last-administrator", 409, "An administrator must remain"),
  INVALID_OPERATOR("invalid-operator", 422, "The operator's description is not valid"),
  INVALID_PASSWORD("invalid-password", 422, "The password cannot be used"),
  WRONG_CREDENTIALS("wrong-credentials", 401, "The name or the password is wrong"),
  REALM_REFUSED("realm-refused", 403, "The realm did not sign the person in"),
  REALM_AWAY("realm-away", 503, "The realm cannot be reached");

  private final String slug;
  private final int status;
  private final String title;

  PeopleProblem(String slug, int status, String title) {
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
