package io.sallyport.kernel;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * An IPv4 or IPv6 prefix (RFC 4632, RFC 4291), or an address as a prefix of full length. IPv4 stands in the mapped range
 * {@code ::ffff:0:0/96}, so a mapped address is the IPv4 address that it means; an IPv6 prefix never covers IPv4.
 *
 * @param high the first 64 bits
 * @param low the last 64 bits
 * @param length 0 to 128; 96 more than written for IPv4
 */
public record IpPrefix(long high, long low, int length) {
  private static final int BITS = 128;
  private static final int MAPPED = 96;

  /** The longest text of an address: an IPv6 address that ends in an IPv4 address. */
  private static final int LONGEST = 45;

  /** Reads {@code 10.0.0.0/8}, {@code 10.1.2.3}, {@code 2001:db8::/32}; null when it is none. No zone, no octal. */
  public static @Nullable IpPrefix parse(String text) {
    int slash = text.indexOf('/');
    IpPrefix address = parseAddress(slash < 0 ? text : text.substring(0, slash));
    if (address == null || slash < 0) {
      return address;
    }
    boolean four = text.indexOf(':') < 0;
    int length = decimal(text, slash + 1, text.length(), four ? BITS - MAPPED : BITS);
    return length < 0
        ? null
        : new IpPrefix(address.high, address.low, four ? length + MAPPED : length);
  }

  /** Reads an address as a prefix of full length; null when it is none. */
  public static @Nullable IpPrefix parseAddress(String text) {
    if (text.length() > LONGEST) {
      return null;
    }
    if (text.indexOf(':') >= 0) {
      return parseSix(text);
    }
    long four = parseFour(text, 0);
    return four < 0 ? null : new IpPrefix(0, 0xffff_0000_0000L | four, BITS);
  }

  public boolean covers(IpPrefix address) {
    return isFour() == address.isFour()
        && length <= address.length
        && ((high ^ address.high) & highMask()) == 0
        && ((low ^ address.low) & lowMask()) == 0;
  }

  /** The address in one spelling, whichever it was read in. */
  public String address() {
    byte[] octets =
        ByteBuffer.allocate(BITS / Byte.SIZE).putLong(high).putLong(low).array();
    try {
      return InetAddress.getByAddress(octets).getHostAddress();
    } catch (UnknownHostException e) {
      throw new IllegalStateException("sixteen octets are an address", e);
    }
  }

  /** Whether no bit is set behind the prefix. */
  public boolean isCanonical() {
    return (high & ~highMask()) == 0 && (low & ~lowMask()) == 0;
  }

  public boolean isFour() {
    return length >= MAPPED && high == 0 && low >>> 32 == 0xffff;
  }

  private long highMask() {
    return length == 0 ? 0 : length >= 64 ? -1 : -1L << (64 - length);
  }

  private long lowMask() {
    return length <= 64 ? 0 : -1L << (BITS - length);
  }

  private static long parseFour(String text, int start) {
    long address = 0;
    int from = start;
    for (int i = 0; i < 4; i++) {
      int end = i < 3 ? text.indexOf('.', from) : text.length();
      int octet = end < 0 ? -1 : decimal(text, from, end, 255);
      if (octet < 0) {
        return -1;
      }
      address = address << 8 | octet;
      from = end + 1;
    }
    return address;
  }

  private static @Nullable IpPrefix parseSix(String text) {
    int gap = text.indexOf("::");
    if (gap < 0) {
      int[] all = groups(text, true);
      return all != null && all.length == 8 ? of(all, new int[0]) : null;
    }
    int[] front = groups(text.substring(0, gap), false);
    int[] back = groups(text.substring(gap + 2), true);
    return front != null && back != null && front.length + back.length < 8 ? of(front, back) : null;
  }

  /** The 16-bit groups of {@code text}, of which the {@code last} two may be written as IPv4; null when malformed. */
  private static int @Nullable [] groups(String text, boolean last) {
    if (text.isEmpty()) {
      return new int[0];
    }
    int[] groups = new int[9];
    int count = 0;
    int from = 0;
    while (from <= text.length() && count < 8) {
      int colon = text.indexOf(':', from);
      int end = colon < 0 ? text.length() : colon;
      if (last && colon < 0 && text.indexOf('.', from) >= 0) {
        long four = parseFour(text, from);
        if (four < 0) {
          return null;
        }
        groups[count++] = (int) (four >>> 16);
        groups[count++] = (int) (four & 0xffff);
      } else {
        int group = hexadecimal(text, from, end);
        if (group < 0) {
          return null;
        }
        groups[count++] = group;
      }
      from = end + 1;
    }
    return from > text.length() && count <= 8 ? java.util.Arrays.copyOf(groups, count) : null;
  }

  private static IpPrefix of(int[] front, int[] back) {
    long high = 0;
    long low = 0;
    for (int i = 0; i < 8; i++) {
      int fromBack = i - (8 - back.length);
      long group = i < front.length ? front[i] : fromBack >= 0 ? back[fromBack] : 0;
      if (i < 4) {
        high = high << 16 | group;
      } else {
        low = low << 16 | group;
      }
    }
    return new IpPrefix(high, low, BITS);
  }

  private static int decimal(String text, int from, int to, int most) {
    if (to <= from || to - from > 3 || (text.charAt(from) == '0' && to - from > 1)) {
      return -1;
    }
    int value = 0;
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      if (c < '0' || c > '9') {
        return -1;
      }
      value = value * 10 + c - '0';
    }
    return value <= most ? value : -1;
  }

  private static int hexadecimal(String text, int from, int to) {
    if (to <= from || to - from > 4) {
      return -1;
    }
    int value = 0;
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      int digit = c < 128 ? Character.digit(c, 16) : -1;
      if (digit < 0) {
        return -1;
      }
      value = value << 4 | digit;
    }
    return value;
  }
}
