package io.sallyport.keys;

import io.sallyport.kernel.Digest;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * One key that secrets are sealed under: AES-256-GCM (NIST SP 800-38D). A sealed value is a format octet, the key's id, a
 * random 96-bit nonce, the encrypted secret and its tag; all before the nonce, and the context, are associated data. The
 * format before this one had neither format octet nor id.
 */
final class MasterKey {
  static final int OCTETS = 32;
  /** The format octet and the key's id. */
  static final int HEADER_OCTETS = 5;

  private static final byte FORMAT = 1;
  private static final int ID_OCTETS = HEADER_OCTETS - 1;
  private static final int NONCE_OCTETS = 12;
  private static final int TAG_BITS = 128;
  private static final byte[] NOTHING = {};
  private static final byte[] ID_LABEL =
      "sallyport master key id:".getBytes(StandardCharsets.US_ASCII);

  private final SecretKey key;
  private final byte[] header;

  MasterKey(byte[] octets) {
    this.key = new SecretKeySpec(octets, "AES");
    byte[] named = Arrays.copyOf(ID_LABEL, ID_LABEL.length + octets.length);
    System.arraycopy(octets, 0, named, ID_LABEL.length, octets.length);
    this.header = new byte[HEADER_OCTETS];
    header[0] = FORMAT;
    System.arraycopy(Digest.of(named).octets(), 0, header, 1, ID_OCTETS);
  }

  /** Eight hexadecimal digits that tell this key from others and tell nothing about it. */
  String id() {
    return id(header);
  }

  /** What values sealed under this key begin with. */
  byte[] header() {
    return header.clone();
  }

  /** The id of the key that {@code sealed} says it is sealed under, or null when it is of the former format. */
  static @Nullable String idIn(byte[] sealed) {
    return sealed.length >= HEADER_OCTETS + NONCE_OCTETS && sealed[0] == FORMAT ? id(sealed) : null;
  }

  private static String id(byte[] headed) {
    return HexFormat.of().formatHex(headed, 1, HEADER_OCTETS);
  }

  byte[] seal(byte[] secret, String context, SecureRandom random) {
    byte[] nonce = new byte[NONCE_OCTETS];
    random.nextBytes(nonce);
    try {
      ByteArrayOutputStream sealed = new ByteArrayOutputStream();
      sealed.writeBytes(header);
      sealed.writeBytes(nonce);
      sealed.writeBytes(cipher(Cipher.ENCRYPT_MODE, header, nonce, context).doFinal(secret));
      return sealed.toByteArray();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM cannot encrypt", e);
    }
  }

  /** The secret, or null when this is not what this key sealed for this context. */
  byte @Nullable [] open(byte[] sealed, String context) {
    byte[] secret = null;
    if (Arrays.equals(
        sealed, 0, Math.min(sealed.length, HEADER_OCTETS), header, 0, HEADER_OCTETS)) {
      secret = open(header, sealed, context);
    }
    // A nonce of the former format may begin like a header.
    return secret == null ? open(NOTHING, sealed, context) : secret;
  }

  private byte @Nullable [] open(byte[] before, byte[] sealed, String context) {
    int start = before.length + NONCE_OCTETS;
    if (sealed.length < start + TAG_BITS / Byte.SIZE) {
      return null;
    }
    byte[] nonce = Arrays.copyOfRange(sealed, before.length, start);
    try {
      return cipher(Cipher.DECRYPT_MODE, before, nonce, context)
          .doFinal(sealed, start, sealed.length - start);
    } catch (AEADBadTagException notIt) {
      return null;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM cannot decrypt", e);
    }
  }

  private Cipher cipher(int mode, byte[] before, byte[] nonce, String context)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(before);
    cipher.updateAAD(context.getBytes(StandardCharsets.UTF_8));
    return cipher;
  }
}
