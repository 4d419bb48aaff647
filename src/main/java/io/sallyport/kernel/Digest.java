package io.sallyport.kernel;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/** A SHA-256 digest, 32 octets. Equality takes the same time wherever two digests differ. */
public final class Digest {
  public static final int LENGTH = 32;

  private static final VarHandle WORDS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private final byte[] octets;

  private Digest(byte[] octets) {
    if (octets.length != LENGTH) {
      throw new IllegalArgumentException("a SHA-256 digest has 32 octets, not " + octets.length);
    }
    this.octets = octets;
  }

  /** The digest of all parts, one after the other. */
  public static Digest of(byte[]... parts) {
    MessageDigest sha256;
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JVM has no SHA-256", e);
    }
    for (byte[] part : parts) {
      sha256.update(part);
    }
    return new Digest(sha256.digest());
  }

  /** A digest that was computed before; {@code octets} must be 32 long. */
  public static Digest ofOctets(byte[] octets) {
    return new Digest(octets.clone());
  }

  /** A digest of its four words, each with its first octet on top. */
  public static Digest ofWords(long first, long second, long third, long fourth) {
    byte[] octets = new byte[LENGTH];
    WORDS.set(octets, 0, first);
    WORDS.set(octets, Long.BYTES, second);
    WORDS.set(octets, 2 * Long.BYTES, third);
    WORDS.set(octets, 3 * Long.BYTES, fourth);
    return new Digest(octets);
  }

  /** Reads 64 hexadecimal digits; throws {@link IllegalArgumentException} for anything else. */
  public static Digest ofHex(String hex) {
    return new Digest(HexFormat.of().parseHex(hex));
  }

  /** Eight octets, the first on top; {@code index} from 0 to 3. */
  public long word(int index) {
    return (long) WORDS.get(octets, index * Long.BYTES);
  }

  public byte[] octets() {
    return octets.clone();
  }

  public String hex() {
    return HexFormat.of().formatHex(octets);
  }

  /** Unpadded base64url, the form of {@code x5t#S256} (RFC 8705 §3.1). */
  public String base64Url() {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(octets);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Digest that && MessageDigest.isEqual(octets, that.octets);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(octets);
  }

  @Override
  public String toString() {
    return hex();
  }
}
