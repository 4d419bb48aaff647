package io.sallyport.cli;

import java.nio.file.Path;
import java.security.PrivateKey;

/**
 * A P-256 key that a TPM 2.0 keeps. The file holds it wrapped for that TPM ({@code TSS2 PRIVATE KEY}), so that it is of no
 * use anywhere else.
 */
record TpmKey(Path file) implements PrivateKey {
  static final String MARK = "-----BEGIN TSS2 PRIVATE KEY-----";
  private static final long serialVersionUID = 1L;

  @Override
  public String getAlgorithm() {
    return "EC";
  }

  @Override
  public String getFormat() {
    return "TSS2";
  }

  /** Nothing that is of use outside of the TPM. */
  @Override
  public byte[] getEncoded() {
    return Pem.octets(file);
  }
}
