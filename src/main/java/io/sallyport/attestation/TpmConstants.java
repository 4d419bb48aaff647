package io.sallyport.attestation;

/** Numbers of TPM 2.0 Library, Part 2, that are met here. */
final class TpmConstants {
  /** TPM_GENERATED_VALUE: what only a TPM itself puts in front of what it signs. */
  static final int GENERATED = 0xff544347;

  static final int ST_ATTEST_CERTIFY = 0x8017;
  static final int ST_ATTEST_QUOTE = 0x8018;

  static final int ALG_RSA = 0x0001;
  static final int ALG_SHA1 = 0x0004;
  static final int ALG_AES = 0x0006;
  static final int ALG_SHA256 = 0x000b;
  static final int ALG_SHA384 = 0x000c;
  static final int ALG_NULL = 0x0010;
  static final int ALG_RSASSA = 0x0014;
  static final int ALG_RSAPSS = 0x0016;
  static final int ALG_ECDSA = 0x0018;
  static final int ALG_ECC = 0x0023;

  static final int ECC_NIST_P256 = 0x0003;
  static final int ECC_NIST_P384 = 0x0004;

  /** TPMA_OBJECT. */
  static final int FIXED_TPM = 1 << 1;

  static final int FIXED_PARENT = 1 << 4;
  static final int SENSITIVE_DATA_ORIGIN = 1 << 5;
  static final int RESTRICTED = 1 << 16;
  static final int DECRYPT = 1 << 17;
  static final int SIGN = 1 << 18;

  /** The largest digest, SHA-512's, and with the algorithm's number in front. */
  static final int LARGEST_DIGEST = 64;

  static final int LARGEST_NAME = 2 + LARGEST_DIGEST;

  private TpmConstants() {}
}
