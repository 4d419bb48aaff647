package io.sallyport.admin;

import io.sallyport.kernel.Problem;

/** What the people front refuses of its own. */
public enum AdminProblem implements Problem {
  IDEMPOTENCY_KEY_REUSED(
      "idempotency-key-reused", 422, "The idempotency key was used for another request"),
  REQUEST_RUNNING("request-running", 409, "A request with this idempotency key is still running"),
  NOT_ACCEPTABLE("not-acceptable", 406, "No acceptable media type"),
  NAME_DIFFERS("name-differs", 422, "The document names something else than the path");

  private final String slug;
  private final int status;
  private final String title;

  AdminProblem(String slug, int status, String title) {
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
