package io.sallyport.policy;

import io.sallyport.kernel.Problem;

/** What policy administration refuses. */
public enum PolicyProblem implements Problem {
  UNKNOWN_POLICY("not-found", 404, "No such policy"),
  UNKNOWN_SET("not-found", 404, "No such set of policies"),
  SET_CHANGED("set-changed", 412, "The policies in force are not the expected ones"),
  INVALID_POLICY("invalid-policy", 422, "The access policy is not valid");

  private final String slug;
  private final int status;
  private final String title;

  PolicyProblem(String slug, int status, String title) {
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
