package io.sallyport.devices;

import io.sallyport.kernel.Refusal;

/** What rows are refused with, whoever brings them. */
final class BatchRefusals {
  private BatchRefusals() {}

  static Refusal closedBatch() {
    return new Refusal(BatchProblem.BATCH_CLOSED, "The batch takes nothing more.");
  }

  static Refusal unknownRow(String key) {
    return new Refusal(BatchProblem.UNKNOWN_ROW, "The batch has no row \"" + key + "\".");
  }

  static Refusal givenUp() {
    return new Refusal(
        BatchProblem.ROW_GIVEN_UP,
        "The row was given up for good; another unit needs another row.");
  }

  static Refusal quota() {
    return new Refusal(
        BatchProblem.QUOTA,
        "All devices that were ordered are registered; make another batch for more.");
  }

  static Refusal otherRow(String serialNumber) {
    return new Refusal(
        BatchProblem.CLAIMED_BY_ANOTHER,
        "Serial number " + serialNumber + " has a device that is not this row's.");
  }

  static Refusal inProgress() {
    return new Refusal(
        BatchProblem.ROW_IN_PROGRESS, "The row is being answered; send it again in a moment.");
  }
}
