package io.sallyport.audit;

import io.sallyport.kernel.Problem;

/** What the log refuses. */
public enum AuditProblem implements Problem {
  GONE("facts-gone", 410, "The content of these facts was dropped when its term had ended");

  private final String slug;
  private final int status;
  private final String title;

  AuditProblem(String slug, int status, String title) {
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
