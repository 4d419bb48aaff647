package io.sallyport.keys;

import io.sallyport.kernel.Der;

/** Encrypts for others (CMS EnvelopedData, RFC 5652 §6), with keys made for the one message. */
public interface Envelopes {
  /** How the content is encrypted. */
  enum Cipher {
    AES_256_CBC("2.16.840.1.101.3.4.1.42"),
    AES_192_CBC("2.16.840.1.101.3.4.1.22"),
    AES_128_CBC("2.16.840.1.101.3.4.1.2");

    private final String oid;

    Cipher(String oid) {
      this.oid = oid;
    }

    public String oid() {
      return oid;
    }
  }

  /** Who can open it. */
  sealed interface Recipient {
    /** The holder of a certificate's RSA key (RSAES-OAEP) or EC key (ephemeral-static ECDH, RFC 5753). */
    record Holder(Der certificate) implements Recipient {}

    /** Whoever has a secret of 16, 24 or 32 octets (AES key wrap), known by an identifier. */
    record Sharer(byte[] identifier, byte[] secret) implements Recipient {
      /** Without the secret. */
      @Override
      public String toString() {
        return "Sharer";
      }
    }
  }

  /** Whether a key of this algorithm, in the words of the JDK, can be a holder's. */
  static boolean opens(String algorithm) {
    return algorithm.equals("RSA") || algorithm.equals("EC");
  }

  /**
   * The content in an envelope, in DER.
   *
   * @param contentType object identifier
   */
  Der seal(String contentType, byte[] content, Cipher cipher, Recipient recipient);
}
