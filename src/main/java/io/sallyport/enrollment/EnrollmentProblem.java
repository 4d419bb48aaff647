package io.sallyport.enrollment;

import io.sallyport.kernel.Problem;

/** What enrollment refuses. */
public enum EnrollmentProblem implements Problem {
  UNKNOWN_CLIENT("unknown-client", 401, "The client is not recognised"),
  WRONG_TOKEN("wrong-token", 401, "The enrollment token is not valid"),
  CREDENTIALS_MISSING("credentials-missing", 401, "More is needed to recognise the client"),
  NOT_REGISTERED("not-registered", 403, "The device is not registered"),
  NOT_A_DEVICE("not-a-device", 403, "The certificate is not one of a device"),
  OTHER_NAMES("other-names", 403, "The request asks for names that are not the device's"),
  TOKEN_OF_ANOTHER_DEVICE("token-of-another-device", 403, "The token is for another device"),
  NOT_COVERED("not-covered", 403, "The token does not cover this"),
  INVALID_TOKEN("invalid-token", 422, "The token's description is not valid"),
  UNKNOWN_TOKEN("unknown-token", 404, "No such enrollment token"),
  UNKNOWN_CLAIM_CODE("unknown-claim-code", 404, "No device waits for this code"),
  OTHER_OWNER("other-owner", 403, "The device was released to another owner"),
  INVALID_VOUCHER_REQUEST("invalid-voucher-request", 400, "The voucher request is not valid"),
  INVALID_VOUCHER_TERMS("invalid-voucher-terms", 422, "No voucher can say this"),
  VOUCHER_REQUEST_ANSWERED("voucher-request-answered", 409, "The request was answered already"),
  VOUCHER_NOT_VALID("voucher-not-valid", 422, "The voucher is not valid"),
  UNKNOWN_VOUCHER("unknown-voucher", 404, "No such voucher"),
  INVALID_POLICY("invalid-first-contact-policy", 422, "The policy of first contacts is not valid"),
  UNKNOWN_FIRST_CONTACT("unknown-first-contact", 404, "No such first contact"),
  NO_CURRENT_CERTIFICATE("no-current-certificate", 403, "Renewal needs the current certificate"),
  CERTIFICATE_PROFILE_NOT_ALLOWED(
      "certificate-profile-not-allowed", 403, "The certificate profile is not allowed"),
  NAME_NOT_AVAILABLE(
      "name-not-available", 403, "The device cannot be called what its profile says"),
  UNKNOWN_STATION("unknown-station", 404, "No such station"),
  STATION_EXISTS("station-exists", 409, "The station is registered otherwise"),
  INVALID_STATION("invalid-station", 422, "The station's description is not valid"),
  INVALID_LIFETIME("invalid-lifetime", 422, "The lifetime is not acceptable"),
  INVALID_HOST_NAME("invalid-host-name", 422, "The host name is not acceptable"),
  BAD_NONCE("bad-nonce", 400, "The nonce is not one that can be used"),
  REQUEST_REJECTED("request-rejected", 403, "The request was rejected"),
  UNKNOWN_ENROLLMENT_REQUEST("unknown-enrollment-request", 404, "No such enrollment request"),
  DECIDED_ALREADY("decided-already", 409, "The request was decided already"),
  ACCOUNT_UNKNOWN("account-unknown", 400, "No such account"),
  ACCOUNT_NOT_VALID("account-not-valid", 401, "The account may do nothing any more"),
  WRONG_BINDING("wrong-binding", 401, "The external account binding does not hold"),
  INVALID_CONTACT("invalid-contact", 400, "The contact is not acceptable"),
  NOT_OF_THIS_ACCOUNT("not-of-this-account", 403, "It belongs to another account"),
  TOO_MANY_ORDERS("too-many-orders", 429, "The account has too many open orders"),
  ORDER_NOT_READY("order-not-ready", 403, "The order cannot be finalized now"),
  UNSUPPORTED_IDENTIFIER("unsupported-identifier", 400, "This kind of identifier is not supported"),
  REJECTED_IDENTIFIER("rejected-identifier", 400, "The device may not be called so"),
  OTHER_THAN_ORDERED("other-than-ordered", 400, "The request is not for what was ordered"),
  OTHER_THAN_ANNOUNCED("other-than-announced", 400, "The request is not as it was announced"),
  NOT_BOUND("not-bound", 400, "The request is not bound to its TLS connection"),
  KEY_GENERATION_NOT_ALLOWED(
      "key-generation-not-allowed", 501, "The server makes no keys under this certificate profile"),
  KEY_ENCRYPTION_NOT_SUPPORTED(
      "key-encryption-not-supported", 400, "The key cannot be encrypted in this way"),
  INVALID_REGISTRATION_AUTHORITY(
      "invalid-registration-authority", 422, "The registration authority is not acceptable"),
  REGISTRATION_AUTHORITY_EXISTS(
      "registration-authority-exists", 409, "A registration authority has this name"),
  UNKNOWN_REGISTRATION_AUTHORITY(
      "unknown-registration-authority", 404, "No such registration authority"),
  NO_ADDRESS("no-address", 400, "The host name leads nowhere"),
  NETWORK_NOT_ALLOWED(
      "network-not-allowed", 400, "The host name leads to a network that is not asked"),
  NO_CONNECTION("no-connection", 400, "The device did not answer"),
  WRONG_RESPONSE("wrong-response", 403, "The device answered something else"),
  BAD_ATTESTATION("bad-attestation", 400, "The attestation does not hold"),
  ALREADY_REVOKED("already-revoked", 400, "The certificate is revoked already");

  private final String slug;
  private final int status;
  private final String title;

  EnrollmentProblem(String slug, int status, String title) {
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
