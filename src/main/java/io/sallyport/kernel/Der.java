package io.sallyport.kernel;

import java.util.Arrays;
import java.util.Base64;

/** A DER-encoded ASN.1 value (ITU-T X.690): a certificate, a key, a request. The octets never change. */
public final class Der {
  private static final int PEM_LINE = 64;

  private final byte[] octets;

  private Der(byte[] octets) {
    this.octets = octets;
  }

  public static Der of(byte[] octets) {
    return new Der(octets.clone());
  }

  public byte[] octets() {
    return octets.clone();
  }

  public int length() {
    return octets.length;
  }

  public Digest digest() {
    return Digest.of(octets);
  }

  /** The textual encoding of RFC 7468 under {@code label}, for instance {@code CERTIFICATE}. */
  public String pem(String label) {
    return "-----BEGIN " + label + "-----\n"
        + Base64.getMimeEncoder(PEM_LINE, new byte[] {'\n'}).encodeToString(octets)
        + "\n-----END " + label + "-----\n";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Der that && Arrays.equals(octets, that.octets);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(octets);
  }

  @Override
  public String toString() {
    return "Der[" + octets.length + " octets, sha-256 " + digest() + "]";
  }
}
