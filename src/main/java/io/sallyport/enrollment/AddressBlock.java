package io.sallyport.enrollment;

import java.net.InetAddress;

/** A block of addresses (RFC 4632, RFC 4291). */
record AddressBlock(InetAddress first, int length) {
  /** Reads {@code 10.0.0.0/8} or {@code fd00::/8}; throws {@link IllegalArgumentException} for anything else. */
  static AddressBlock parse(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      throw new IllegalArgumentException("\"" + text + "\" is no network such as 10.0.0.0/8");
    }
    InetAddress first = InetAddress.ofLiteral(text.substring(0, slash));
    int length = Integer.parseInt(text.substring(slash + 1));
    if (length < 0 || length > first.getAddress().length * Byte.SIZE) {
      throw new IllegalArgumentException("\"" + text + "\" has no such prefix length");
    }
    return new AddressBlock(first, length);
  }

  boolean contains(InetAddress address) {
    byte[] own = first.getAddress();
    byte[] other = address.getAddress();
    if (own.length != other.length) {
      return false;
    }
    for (int bit = 0; bit < length; bit++) {
      int mask = 0x80 >> bit % Byte.SIZE;
      if (((own[bit / Byte.SIZE] ^ other[bit / Byte.SIZE]) & mask) != 0) {
        return false;
      }
    }
    return true;
  }
}
