package io.sallyport.door.radius;

import io.sallyport.kernel.Problem;

/** What this door refuses. Never 404 or 204, which FreeRADIUS takes for a permit. */
enum RadiusProblem implements Problem {
  ACCESS_DENIED("access-denied", 403, "The device is not let into the network"),
  NOT_A_RADIUS_POINT("not-a-radius-point", 403, "The enforcement point is not of kind radius"),
  FORGED_CLASS("forged-class", 403, "The Class attribute was not given to this session"),
  MISSING_ATTRIBUTE("missing-attribute", 422, "An attribute is missing or not valid");

  private final String slug;
  private final int status;
  private final String title;

  RadiusProblem(String slug, int status, String title) {
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
