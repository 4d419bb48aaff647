package io.sallyport.cli;

import io.sallyport.kernel.Der;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.SecureRandom;
import javax.crypto.BadPaddingException;
import javax.crypto.Cipher;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.EncryptedPrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.EncryptionScheme;
import org.bouncycastle.asn1.pkcs.KeyDerivationFunc;
import org.bouncycastle.asn1.pkcs.PBES2Parameters;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.util.io.pem.PemReader;

/**
 * {@code root.key}: PBES2 (RFC 8018 §6.2, PBKDF2-HMAC-SHA256 and AES-256-CBC) in PKCS #8 (RFC 5958 §3), by the JDK
 * alone.
 */
final class RootKeyFile {
  /** What OWASP's password storage sheet asks of PBKDF2-HMAC-SHA256. */
  private static final int ITERATIONS = 600_000;

  private static final int SHORTEST_PASSPHRASE = 12;
  private static final int SALT_OCTETS = 16;
  private static final int IV_OCTETS = 16;
  private static final int KEY_OCTETS = 32;

  private final Path file;
  private final SecureRandom random = new SecureRandom();

  RootKeyFile(Path folder) {
    file = folder.resolve("root.key");
  }

  static void checkPassphrase(char[] passphrase) {
    if (passphrase.length < SHORTEST_PASSPHRASE) {
      throw Failure.usage(
          "The passphrase must have at least " + SHORTEST_PASSPHRASE + " characters.");
    }
  }

  void write(PrivateKey key, char[] passphrase) throws IOException {
    WholeFile.secret(file, sealed(key, passphrase));
    // Read back before anything rests on it.
    open(passphrase);
  }

  private String sealed(PrivateKey key, char[] passphrase) throws IOException {
    byte[] salt = new byte[SALT_OCTETS];
    byte[] iv = new byte[IV_OCTETS];
    random.nextBytes(salt);
    random.nextBytes(iv);
    PBKDF2Params derivation = new PBKDF2Params(
        salt,
        ITERATIONS,
        KEY_OCTETS,
        new AlgorithmIdentifier(PKCSObjectIdentifiers.id_hmacWithSHA256, DERNull.INSTANCE));
    PBES2Parameters scheme = new PBES2Parameters(
        new KeyDerivationFunc(PKCSObjectIdentifiers.id_PBKDF2, derivation),
        new EncryptionScheme(NISTObjectIdentifiers.id_aes256_CBC, new DEROctetString(iv)));
    byte[] encrypted = crypt(Cipher.ENCRYPT_MODE, derivation, iv, key.getEncoded(), passphrase);
    return Der.of(new EncryptedPrivateKeyInfo(
                new AlgorithmIdentifier(PKCSObjectIdentifiers.id_PBES2, scheme), encrypted)
            .getEncoded())
        .pem("ENCRYPTED PRIVATE KEY");
  }

  /** Only of the form that {@link #write} writes. */
  PrivateKey open(char[] passphrase) {
    byte[] pkcs8;
    try (PemReader reader = new PemReader(new StringReader(Pem.text(file)))) {
      EncryptedPrivateKeyInfo sealed =
          EncryptedPrivateKeyInfo.getInstance(reader.readPemObject().getContent());
      PBES2Parameters scheme =
          PBES2Parameters.getInstance(sealed.getEncryptionAlgorithm().getParameters());
      pkcs8 = crypt(
          Cipher.DECRYPT_MODE,
          PBKDF2Params.getInstance(scheme.getKeyDerivationFunc().getParameters()),
          ASN1OctetString.getInstance(scheme.getEncryptionScheme().getParameters())
              .getOctets(),
          sealed.getEncryptedData(),
          passphrase);
    } catch (IOException | IllegalArgumentException | NullPointerException e) {
      throw Failure.usage(file + " holds no key that this program encrypted.");
    }
    try {
      return RootKeyKind.key(pkcs8);
    } catch (GeneralSecurityException e) {
      throw wrongPassphrase();
    }
  }

  private static byte[] crypt(
      int mode, PBKDF2Params derivation, byte[] iv, byte[] octets, char[] passphrase) {
    try {
      byte[] key = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
          .generateSecret(new PBEKeySpec(
              passphrase,
              derivation.getSalt(),
              derivation.getIterationCount().intValueExact(),
              KEY_OCTETS * Byte.SIZE))
          .getEncoded();
      Cipher cipher = Cipher.getInstance("AES/CBC/PKCS5Padding");
      cipher.init(mode, new SecretKeySpec(key, "AES"), new IvParameterSpec(iv));
      return cipher.doFinal(octets);
    } catch (BadPaddingException wrong) {
      throw wrongPassphrase();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JVM cannot encrypt the key", e);
    }
  }

  private static Failure wrongPassphrase() {
    return new Failure(ExitCode.REFUSED, "The passphrase does not open the root's key.");
  }
}
