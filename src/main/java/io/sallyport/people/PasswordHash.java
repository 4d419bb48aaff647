package io.sallyport.people;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.text.Normalizer;
import java.util.Arrays;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

/** A password as Argon2id (RFC 9106), with what it was made with. */
record PasswordHash(byte[] hash, byte[] salt, int memoryKib, int iterations, int lanes) {
  private static final int HASH_OCTETS = 32;
  private static final int SALT_OCTETS = 16;

  /** OWASP's least: 19 MiB fit into the server's heap, where one is computed at a time. */
  private static final int MEMORY_KIB = 19 * 1024;

  private static final int ITERATIONS = 2;
  private static final int LANES = 1;

  static PasswordHash of(String password, SecureRandom random) {
    byte[] salt = new byte[SALT_OCTETS];
    random.nextBytes(salt);
    return new PasswordHash(
        derive(password, salt, MEMORY_KIB, ITERATIONS, LANES), salt, MEMORY_KIB, ITERATIONS, LANES);
  }

  boolean fits(String password) {
    return MessageDigest.isEqual(hash, derive(password, salt, memoryKib, iterations, lanes));
  }

  private static byte[] derive(
      String password, byte[] salt, int memoryKib, int iterations, int lanes) {
    // RFC 8265 §4.2.2: one person's keyboard may compose what another's does not.
    byte[] text =
        Normalizer.normalize(password, Normalizer.Form.NFC).getBytes(StandardCharsets.UTF_8);
    Argon2BytesGenerator argon2 = new Argon2BytesGenerator();
    argon2.init(new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
        .withVersion(Argon2Parameters.ARGON2_VERSION_13)
        .withSalt(salt)
        .withMemoryAsKB(memoryKib)
        .withIterations(iterations)
        .withParallelism(lanes)
        .build());
    byte[] hash = new byte[HASH_OCTETS];
    argon2.generateBytes(text, hash);
    Arrays.fill(text, (byte) 0);
    return hash;
  }
}
