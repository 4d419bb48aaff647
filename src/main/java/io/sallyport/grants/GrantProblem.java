package io.sallyport.grants;

import io.sallyport.kernel.Problem;

/** What grants refuse. */
public enum GrantProblem implements Problem {
  TOO_MANY_FLOWS("too-many-flows", 400, "Too many flows for one grant");

  private final String slug;
  private final int status;
  private final String title;

  GrantProblem(String slug, int status, String title) {
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
