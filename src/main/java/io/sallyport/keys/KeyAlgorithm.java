package io.sallyport.keys;

/** The kinds of key that this server makes, with the signature algorithm that each is used with. */
public enum KeyAlgorithm {
  EC_P256("EC", "SHA256withECDSA"),
  EC_P384("EC", "SHA384withECDSA"),
  RSA_3072("RSA", "SHA256withRSA"),
  ED25519("Ed25519", "Ed25519");

  private final String family;
  private final String signature;

  KeyAlgorithm(String family, String signature) {
    this.family = family;
    this.signature = signature;
  }

  /** The JCA name of the key's family. */
  public String family() {
    return family;
  }

  /** The JCA name of the signature algorithm. */
  public String signature() {
    return signature;
  }
}
