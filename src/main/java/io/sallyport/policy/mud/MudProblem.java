package io.sallyport.policy.mud;

import io.sallyport.kernel.Problem;

/** What reading a MUD file refuses. */
public enum MudProblem implements Problem {
  INVALID_MUD("invalid-mud", 422, "The MUD file cannot be used"),
  UNTRUSTED_MUD("untrusted-mud", 422, "The MUD file is not signed by whom it must be"),
  UNFETCHED_MUD("unfetched-mud", 422, "The MUD file could not be fetched");

  private final String slug;
  private final int status;
  private final String title;

  MudProblem(String slug, int status, String title) {
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
