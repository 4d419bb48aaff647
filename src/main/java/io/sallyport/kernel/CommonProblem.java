package io.sallyport.kernel;

/** The refusals that any protocol may give. */
public enum CommonProblem implements Problem {
  MALFORMED("malformed", 400, "The request could not be read"),
  UNAUTHENTICATED("unauthenticated", 401, "Authentication is required"),
  FORBIDDEN("forbidden", 403, "Not allowed"),
  NOT_FOUND("not-found", 404, "Not found"),
  METHOD_NOT_ALLOWED("method-not-allowed", 405, "Method not allowed"),
  CONFLICT("conflict", 409, "In conflict with what is recorded"),
  TOO_LARGE("too-large", 413, "The request is too large"),
  UNSUPPORTED_MEDIA_TYPE("unsupported-media-type", 415, "Media type not supported"),
  INVALID("invalid", 422, "The document is not valid"),
  TOO_MANY_REQUESTS("too-many-requests", 429, "Too many requests"),
  INTERNAL("internal", 500, "Internal error"),
  NOT_SUPPORTED("not-supported", 501, "Not supported"),
  UNAVAILABLE("unavailable", 503, "Temporarily unavailable");

  private final String slug;
  private final int status;
  private final String title;

  CommonProblem(String slug, int status, String title) {
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
