package io.sallyport.keys;

import io.sallyport.kernel.Problem;

/** What the keys refuse of their own. */
public enum KeysProblem implements Problem {
  MASTER_KEY("master-key", 409, "The master key is not taken up");

  private final String slug;
  private final int status;
  private final String title;

  KeysProblem(String slug, int status, String title) {
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
