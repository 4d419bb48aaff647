package io.sallyport.devices;

import io.sallyport.kernel.Problem;

/** What work orders refuse. */
public enum BatchProblem implements Problem {
  UNKNOWN_BATCH("unknown-batch", 404, "No such batch"),
  BATCH_EXISTS("batch-exists", 409, "A batch has this name"),
  BATCH_CLOSED("batch-closed", 409, "The batch is closed"),
  NOT_CLOSED("not-closed", 409, "The batch is not closed"),
  BATCH_BUSY("batch-busy", 409, "Busy with batches"),
  QUOTA("quota", 403, "More devices than were ordered"),
  SERIAL_NOT_IN_BATCH("serial-not-in-batch", 403, "The serial number is not one of this batch"),
  UNKNOWN_ROW("unknown-row", 404, "No such row"),
  ROW_GIVEN_UP("row-given-up", 409, "The row was given up"),
  ROW_ISSUED("row-issued", 409, "The row has its certificate"),
  ROW_IN_PROGRESS("in-progress", 409, "The row is being answered"),
  CLAIMED_BY_ANOTHER("claimed-by-another", 409, "Another row or batch has the device"),
  INVALID_BATCH("invalid-batch", 422, "The work order is not valid"),
  UPLOAD_STALLED("upload-stalled", 408, "The upload stood still"),
  INVALID_ROW("invalid-row", 422, "The row cannot be read");

  private final String slug;
  private final int status;
  private final String title;

  BatchProblem(String slug, int status, String title) {
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
