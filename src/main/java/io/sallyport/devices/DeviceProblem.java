package io.sallyport.devices;

import io.sallyport.kernel.Problem;

/** What the inventory refuses. */
public enum DeviceProblem implements Problem {
  UNKNOWN_DEVICE("unknown-device", 404, "No such device"),
  UNKNOWN_MANUFACTURER("unknown-manufacturer", 404, "No such manufacturer"),
  UNKNOWN_PROFILE("unknown-profile", 404, "No such device profile"),
  ALREADY_REGISTERED("already-registered", 409, "A device is registered on this hardware unit"),
  MANUFACTURER_EXISTS("manufacturer-exists", 409, "The manufacturer is registered already"),
  WRONG_STATE("wrong-state", 409, "The device's state cannot change so"),
  STATE_FORBIDS("state-forbids", 403, "The device's state does not allow this"),
  DUPLICATE_KEY("duplicate-key", 403, "The key belongs to another hardware unit"),
  SERIAL_NUMBER_TWICE("serial-number-twice", 403, "The serial number is in use with another key"),
  COMPROMISED_KEY("compromised-key", 403, "The key was compromised"),
  INVALID_PROFILE("invalid-profile", 422, "The device profile is not valid"),
  INVALID_DEVICE("invalid-device", 422, "The device's description is not valid"),
  UNKNOWN_ANCHOR("unknown-anchor", 404, "No such trust anchor"),
  OUTSIDE_ANCHOR("outside-anchor", 403, "The trust anchor does not count for this"),
  DISTRUSTED_ANCHOR(
      "distrusted-anchor", 403, "The manufacturer's authority is not trusted any more"),
  REVOKED_IDEVID("revoked-idevid", 403, "The manufacturer revoked the certificate"),
  NO_CURRENT_LIST("no-current-list", 403, "The manufacturer's revocation list is out of date"),
  INVALID_LIST_SOURCE(
      "invalid-list-source", 422, "The revocation list cannot be fetched from there"),
  INVALID_REVOCATION_LIST("invalid-revocation-list", 422, "The revocation list is not acceptable"),
  INVALID_PATTERN("invalid-pattern", 422, "The pattern of serial numbers is not valid"),
  INVALID_ANCHOR("invalid-anchor", 422, "The trust anchor is not valid");

  private final String slug;
  private final int status;
  private final String title;

  DeviceProblem(String slug, int status, String title) {
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
