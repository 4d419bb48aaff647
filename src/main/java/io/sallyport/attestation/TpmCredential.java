package io.sallyport.attestation;

import io.sallyport.attestation.TpmPublic.Name;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;

/**
 * TPM2_MakeCredential outside a TPM (TPM 2.0 Library, Part 1 §24): a secret that only the TPM with the endorsement key can
 * open, and only while it holds the key with the given Name. For an RSA-2048 endorsement key by the default template
 * (SHA-256, AES-128 in CFB mode).
 *
 * @param blob TPM2B_ID_OBJECT: the secret, encrypted
 * @param encryptedSeed TPM2B_ENCRYPTED_SECRET: what the keys are derived from, for the endorsement key
 */
record TpmCredential(byte[] blob, byte[] encryptedSeed) {
  private static final int SEED_OCTETS = 32;
  private static final int SYMMETRIC_BITS = 128;
  private static final int INTEGRITY_BITS = 256;
  private static final int IV_OCTETS = 16;
  private static final byte[] OAEP_LABEL = "IDENTITY\0".getBytes(StandardCharsets.US_ASCII);
  private static final int FILE_MAGIC = 0xbadcc0de;
  private static final int FILE_VERSION = 1;

  static TpmCredential make(
      RSAPublicKey endorsementKey, Name name, byte[] secret, SecureRandom random) {
    byte[] seed = new byte[SEED_OCTETS];
    random.nextBytes(seed);
    try {
      byte[] identity =
          encrypted(derived(seed, "STORAGE", name.octets(), SYMMETRIC_BITS), sized(secret));
      Mac hmac = hmac(derived(seed, "INTEGRITY", new byte[0], INTEGRITY_BITS));
      hmac.update(identity);
      byte[] integrity = hmac.doFinal(name.octets());
      return new TpmCredential(
          sized(joined(sized(integrity), identity)), sized(toEndorsementKey(endorsementKey, seed)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM cannot make a TPM credential", e);
    }
  }

  /** The file that tpm2_activatecredential reads. */
  byte[] file() {
    return joined(
        ByteBuffer.allocate(2 * Integer.BYTES)
            .putInt(FILE_MAGIC)
            .putInt(FILE_VERSION)
            .array(),
        blob,
        encryptedSeed);
  }

  private static byte[] toEndorsementKey(RSAPublicKey key, byte[] seed)
      throws GeneralSecurityException {
    Cipher oaep = Cipher.getInstance("RSA/ECB/OAEPPadding");
    oaep.init(
        Cipher.ENCRYPT_MODE,
        key,
        new OAEPParameterSpec(
            "SHA-256", "MGF1", MGF1ParameterSpec.SHA256, new PSource.PSpecified(OAEP_LABEL)));
    return oaep.doFinal(seed);
  }

  private static byte[] encrypted(byte[] key, byte[] clear) throws GeneralSecurityException {
    Cipher aes = Cipher.getInstance("AES/CFB/NoPadding");
    // The key is used once, so the IV may be fixed, and the standard fixes it.
    aes.init(
        Cipher.ENCRYPT_MODE,
        new SecretKeySpec(key, "AES"),
        new IvParameterSpec(new byte[IV_OCTETS]));
    return aes.doFinal(clear);
  }

  /** KDFa (Part 1 §11.4.10.2) with SHA-256; at most 256 bits, so one round. */
  private static byte[] derived(byte[] key, String label, byte[] context, int bits)
      throws GeneralSecurityException {
    Mac hmac = hmac(key);
    hmac.update(ByteBuffer.allocate(Integer.BYTES).putInt(1).array());
    hmac.update(label.getBytes(StandardCharsets.US_ASCII));
    hmac.update((byte) 0);
    hmac.update(context);
    byte[] block = hmac.doFinal(ByteBuffer.allocate(Integer.BYTES).putInt(bits).array());
    return Arrays.copyOf(block, bits / Byte.SIZE);
  }

  private static Mac hmac(byte[] key) throws GeneralSecurityException {
    Mac hmac = Mac.getInstance("HmacSHA256");
    hmac.init(new SecretKeySpec(key, "HmacSHA256"));
    return hmac;
  }

  private static byte[] sized(byte[] octets) {
    return joined(
        ByteBuffer.allocate(Short.BYTES).putShort((short) octets.length).array(), octets);
  }

  private static byte[] joined(byte[]... parts) {
    int length = Arrays.stream(parts).mapToInt(part -> part.length).sum();
    ByteBuffer all = ByteBuffer.allocate(length);
    for (byte[] part : parts) {
      all.put(part);
    }
    return all.array();
  }
}
