package io.sallyport.attestation;

/** The AR4SI claims that are appraised here (draft-ietf-rats-ar4si §2.3.4), and the values that they get. */
final class ClaimNames {
  static final String INSTANCE_IDENTITY = "instance-identity";
  static final String CONFIGURATION = "configuration";
  static final String EXECUTABLES = "executables";
  static final String HARDWARE = "hardware";

  static final int NO_STATEMENT = 0;
  static final int AFFIRMED = 2;
  static final int WARNING = 32;
  static final int CONTRAINDICATED = 96;

  private ClaimNames() {}
}
