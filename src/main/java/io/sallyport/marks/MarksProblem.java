package io.sallyport.marks;

import io.sallyport.kernel.Problem;

/** Why this node serves nobody. */
public enum MarksProblem implements Problem {
  BEHIND("behind-marks", 503, "The database is behind what was signed"),
  CLOCK("clock-behind", 503, "The clock is behind what was signed"),
  MARKS("marks-unusable", 503, "The marks cannot be used"),
  AWAY("marks-away", 503, "The marks cannot be reached");

  private final String slug;
  private final int status;
  private final String title;

  MarksProblem(String slug, int status, String title) {
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
