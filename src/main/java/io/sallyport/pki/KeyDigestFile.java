package io.sallyport.pki;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * What files say of keys that are known to others, eight octets of each digest: by chance a sound key is among two
 * millions of them once in 10<sup>12</sup> or so.
 *
 * <p>A line is empty, a comment behind {@code #}, 20 lower-case hexadecimal digits (the last ten octets of the SHA-1 that
 * {@code openssl rsa -modulus | sha1sum} prints, the format of Debian's openssl-blacklist), or 64 (SHA-256 of the
 * SubjectPublicKeyInfo).
 */
final class KeyDigestFile {
  /** Debian's lists for all sizes of RSA keys have 600,000 lines; so many take 16 MB. */
  private static final int MOST = 2_000_000;
  /** A line is a digest; what is longer is another kind of file. */
  private static final int LONGEST_COMMENT = 1024;

  private static final int MODULUS_DIGITS = 20;
  private static final int KEY_DIGITS = 64;
  private static final int KEPT_DIGITS = 16;

  private long[] moduli = new long[1024];
  private long[] keys = new long[1024];
  private int moduliCount;
  private int keysCount;

  /** Names the file and the line that cannot be understood. */
  static final class MalformedException extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedException(Path file, long line, String why) {
      super(file + ", line " + line + ": " + why);
    }
  }

  void add(Path file) throws IOException, MalformedException {
    long number = 0;
    // Any octet is a character there, so that no file is unreadable before its line is known.
    try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
      for (String line = line(lines, file, 1); line != null; line = line(lines, file, number + 1)) {
        number++;
        add(line.strip(), file, number);
      }
    }
  }

  /** A line of bounded length, however long it is in the file. */
  private static @Nullable String line(BufferedReader lines, Path file, long number)
      throws IOException, MalformedException {
    StringBuilder line = new StringBuilder();
    int next = lines.read();
    if (next < 0) {
      return null;
    }
    for (; next >= 0 && next != '\n'; next = lines.read()) {
      if (line.length() == LONGEST_COMMENT) {
        throw new MalformedException(file, number, "the line is too long");
      }
      line.append((char) next);
    }
    return line.toString();
  }

  private void add(String line, Path file, long number) throws MalformedException {
    if (line.isEmpty() || line.startsWith("#")) {
      return;
    }
    if (line.length() != MODULUS_DIGITS && line.length() != KEY_DIGITS
        || !line.chars().allMatch(KeyDigestFile::isDigit)) {
      throw new MalformedException(
          file,
          number,
          "20 or 64 lower-case hexadecimal digits, or a comment behind #, are expected");
    }
    if (moduliCount + keysCount == MOST) {
      throw new MalformedException(file, number, "there are more than " + MOST + " keys");
    }
    long kept = kept(line);
    if (line.length() == MODULUS_DIGITS) {
      moduli = moduliCount == moduli.length ? Arrays.copyOf(moduli, 2 * moduliCount) : moduli;
      moduli[moduliCount++] = kept;
    } else {
      keys = keysCount == keys.length ? Arrays.copyOf(keys, 2 * keysCount) : keys;
      keys[keysCount++] = kept;
    }
  }

  private static boolean isDigit(int character) {
    return character >= '0' && character <= '9' || character >= 'a' && character <= 'f';
  }

  private static long kept(String digits) {
    return HexFormat.fromHexDigitsToLong(digits, 0, KEPT_DIGITS);
  }

  /** Sorted, for {@link #hasModulus} and {@link #hasKey}; nothing is added after that. */
  KeyDigestFile sorted() {
    moduli = Arrays.copyOf(moduli, moduliCount);
    keys = Arrays.copyOf(keys, keysCount);
    Arrays.sort(moduli);
    Arrays.sort(keys);
    return this;
  }

  int size() {
    return moduliCount + keysCount;
  }

  boolean hasModuli() {
    return moduliCount > 0;
  }

  /** @param sha1 all 40 digits of it */
  boolean hasModulus(String sha1) {
    return Arrays.binarySearch(moduli, kept(sha1.substring(MODULUS_DIGITS))) >= 0;
  }

  /** @param sha256 in hexadecimal */
  boolean hasKey(String sha256) {
    return Arrays.binarySearch(keys, kept(sha256)) >= 0;
  }
}
