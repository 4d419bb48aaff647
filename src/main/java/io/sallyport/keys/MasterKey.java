package io.sallyport.keys;

import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.Set;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Encrypts what is secret at rest: AES-256-GCM (NIST SP 800-38D), a random 96-bit nonce in front, the context as
 * associated data.
 */
@Singleton
final class MasterKey {
  private static final int KEY_OCTETS = 32;
  private static final int NONCE_OCTETS = 12;
  private static final int TAG_BITS = 128;
  private static final Set<PosixFilePermission> OTHERS =
      PosixFilePermissions.fromString("---rwxrwx");

  private final SecretKey key;
  private final SecureRandom random;

  MasterKey(KeySettings settings, SecureRandom random) {
    this.key = new SecretKeySpec(read(settings), "AES");
    this.random = random;
  }

  byte[] seal(byte[] secret, String context) {
    byte[] nonce = new byte[NONCE_OCTETS];
    random.nextBytes(nonce);
    byte[] encrypted = cipher(Cipher.ENCRYPT_MODE, nonce, secret, context);
    byte[] sealed = Arrays.copyOf(nonce, NONCE_OCTETS + encrypted.length);
    System.arraycopy(encrypted, 0, sealed, NONCE_OCTETS, encrypted.length);
    return sealed;
  }

  byte[] unseal(byte[] sealed, String context) {
    if (sealed.length < NONCE_OCTETS) {
      throw new IllegalStateException("what is stored for " + context + " is cut short");
    }
    byte[] nonce = Arrays.copyOf(sealed, NONCE_OCTETS);
    return cipher(
        Cipher.DECRYPT_MODE,
        nonce,
        Arrays.copyOfRange(sealed, NONCE_OCTETS, sealed.length),
        context);
  }

  private byte[] cipher(int mode, byte[] nonce, byte[] input, String context) {
    try {
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
      cipher.updateAAD(context.getBytes(StandardCharsets.UTF_8));
      return cipher.doFinal(input);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(
          "what is stored for " + context + " was altered, or the master key is another one", e);
    }
  }

  private static byte[] read(KeySettings settings) {
    String text = settings
        .masterKey()
        .orElseGet(
            () -> settings
                .masterKeyFile()
                .map(MasterKey::file)
                .orElseThrow(
                    () -> new IllegalStateException(
                        "Set SALLYPORT_MASTER_KEY or SALLYPORT_MASTER_KEY_FILE: 32 random octets in base64.")));
    byte[] octets;
    try {
      octets = Base64.getDecoder().decode(text.strip());
    } catch (IllegalArgumentException notBase64) {
      throw new IllegalStateException("The master key must be 32 octets in base64.");
    }
    if (octets.length != KEY_OCTETS) {
      throw new IllegalStateException("The master key must be 32 octets in base64.");
    }
    return octets;
  }

  private static String file(String name) {
    Path file = Path.of(name);
    try {
      if (Files.getFileStore(file).supportsFileAttributeView("posix")
          && Files.getPosixFilePermissions(file).stream().anyMatch(OTHERS::contains)) {
        throw new IllegalStateException(
            "The master key file " + name
                + " can be read or changed by others; make it readable by its owner alone (chmod 600).");
      }
      return Files.readString(file);
    } catch (IOException e) {
      throw new IllegalStateException("The master key file " + name + " cannot be read.", e);
    }
  }
}
