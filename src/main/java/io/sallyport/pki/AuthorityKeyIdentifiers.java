package io.sallyport.pki;

import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** Finds the authority key identifier of a certificate by stepping over what stands before it (X.690 §8.1, RFC 5280 §4.1). */
final class AuthorityKeyIdentifiers {
  private static final int SEQUENCE = 0x30;
  private static final int OBJECT_IDENTIFIER = 0x06;
  private static final int BOOLEAN = 0x01;
  private static final int OCTET_STRING = 0x04;
  private static final int EXTENSIONS = 0xa3;
  private static final int KEY_IDENTIFIER = 0x80;
  /** id-ce-authorityKeyIdentifier, 2.5.29.35. */
  private static final byte[] AUTHORITY_KEY_IDENTIFIER = {0x55, 0x1d, 0x23};

  private static final int LONG_LENGTH = 0x80;
  private static final int MOST_LENGTH_OCTETS = 3;
  private static final int BYTE = 8;

  private final byte[] octets;
  /** Of the element that was read last: its tag, and where its content begins and ends. */
  private int tag;

  private int begin;
  private int end;

  private AuthorityKeyIdentifiers(byte[] octets) {
    this.octets = octets;
  }

  /** In lower-case hex; null when there is none, or when this is read better by others. */
  static @Nullable String find(byte[] certificate) {
    return new AuthorityKeyIdentifiers(certificate).find();
  }

  private @Nullable String find() {
    if (!step(0, octets.length, SEQUENCE) || !step(begin, end, SEQUENCE)) {
      return null;
    }
    int last = end;
    for (int at = begin; at < last && read(at, last); at = end) {
      if (tag == EXTENSIONS) {
        return step(begin, end, SEQUENCE) ? among(begin, end) : null;
      }
    }
    return null;
  }

  private @Nullable String among(int first, int last) {
    for (int at = first; at < last && step(at, last, SEQUENCE); ) {
      int extensionEnd = end;
      if (!step(begin, extensionEnd, OBJECT_IDENTIFIER)) {
        return null;
      }
      if (Arrays.equals(
          octets, begin, end, AUTHORITY_KEY_IDENTIFIER, 0, AUTHORITY_KEY_IDENTIFIER.length)) {
        if (read(end, extensionEnd) && tag == BOOLEAN && !read(end, extensionEnd)) {
          return null;
        }
        return tag == OCTET_STRING && step(begin, end, SEQUENCE) && step(begin, end, KEY_IDENTIFIER)
            ? HexFormat.of().formatHex(octets, begin, end)
            : null;
      }
      at = extensionEnd;
    }
    return null;
  }

  private boolean step(int at, int limit, int wanted) {
    return read(at, limit) && tag == wanted;
  }

  /** Reads a header; false when its element does not end within {@code limit}. */
  private boolean read(int at, int limit) {
    if (at + 2 > limit) {
      return false;
    }
    tag = octets[at] & 0xff;
    int length = octets[at + 1] & 0xff;
    begin = at + 2;
    if (length >= LONG_LENGTH) {
      int more = length - LONG_LENGTH;
      if (more == 0 || more > MOST_LENGTH_OCTETS || begin + more > limit) {
        return false;
      }
      length = 0;
      for (int i = 0; i < more; i++) {
        length = length << BYTE | octets[begin++] & 0xff;
      }
    }
    end = begin + length;
    return end <= limit;
  }
}
