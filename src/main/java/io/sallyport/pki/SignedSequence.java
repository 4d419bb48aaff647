package io.sallyport.pki;

import io.sallyport.keys.KeyAlgorithm;
import java.io.IOException;
import org.bouncycastle.asn1.DERBitString;

/** What is signed, how, and the signature: the form of a certificate and of a CRL (RFC 5280 §4.1 and §5.1), in DER. */
final class SignedSequence {
  static final int SEQUENCE = 0x30;

  private SignedSequence() {}

  /** The octets that were signed stand in it as they are. */
  static byte[] of(byte[] signed, KeyAlgorithm algorithm, byte[] signature) {
    try {
      byte[] how = TbsCertificates.algorithm(algorithm).getEncoded("DER");
      byte[] bits = new DERBitString(signature).getEncoded("DER");
      int inner = signed.length + how.length + bits.length;
      byte[] all = new byte[headerLength(inner) + inner];
      int at = header(all, 0, SEQUENCE, inner);
      at = put(all, at, signed);
      at = put(all, at, how);
      put(all, at, bits);
      return all;
    } catch (IOException e) {
      throw new IllegalStateException("a signature cannot be encoded", e);
    }
  }

  static int headerLength(int length) {
    return length < 0x80
        ? 2
        : length < 0x100 ? 3 : length < 0x10000 ? 4 : length < 0x1000000 ? 5 : 6;
  }

  /** Writes tag and length; answers where the content begins. */
  static int header(byte[] into, int at, int tag, int length) {
    into[at] = (byte) tag;
    int octets = headerLength(length) - 2;
    if (octets == 0) {
      into[at + 1] = (byte) length;
    } else {
      into[at + 1] = (byte) (0x80 | octets);
      for (int i = 0; i < octets; i++) {
        into[at + 2 + i] = (byte) (length >>> (8 * (octets - 1 - i)));
      }
    }
    return at + 2 + octets;
  }

  /** Answers where the next one begins. */
  static int put(byte[] into, int at, byte[] octets) {
    System.arraycopy(octets, 0, into, at, octets.length);
    return at + octets.length;
  }
}
