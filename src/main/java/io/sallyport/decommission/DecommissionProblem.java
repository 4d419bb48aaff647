package io.sallyport.decommission;

import io.sallyport.kernel.Problem;

/** What a decommissioning refuses. */
public enum DecommissionProblem implements Problem {
  NO_WIPE_ORDER("no-wipe-order", 404, "The device has no wipe order"),
  UNFIT_SPARE("unfit-spare", 409, "The spare cannot replace this device"),
  ALREADY_REPLACED("already-replaced", 409, "The device was replaced by another one"),
  INVALID_WIPE("invalid-wipe", 422, "The wipe is not valid");

  private final String slug;
  private final int status;
  private final String title;

  DecommissionProblem(String slug, int status, String title) {
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
