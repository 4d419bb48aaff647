package io.sallyport.people;

import io.sallyport.kernel.Problem;

/** What the list of operators refuses. */
public enum PeopleProblem implements Problem {
  OPERATOR_EXISTS("operator-exists", 409, "The operator is registered already"),
  INVALID_OPERATOR("invalid-operator", 422, "The operator's description is not valid");

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
