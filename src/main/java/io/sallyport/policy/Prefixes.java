package io.sallyport.policy;

import io.sallyport.kernel.IpPrefix;
import java.util.ArrayList;
import java.util.List;

/** What {@link IpPrefix} does not do: to cut, to split, to write. */
final class Prefixes {
  private static final int MAPPED = 96;
  private static final int WORD = 64;

  private Prefixes() {}

  /** What is neither an address nor a prefix. */
  static final class Malformed extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    Malformed(String text) {
      super(YamlReader.quoted(text)
          + " is not an IP address or CIDR prefix, for instance 10.20.0.0/16 or 2001:db8::/32");
    }
  }

  static IpPrefix parse(String text) {
    IpPrefix prefix = IpPrefix.parse(text);
    if (prefix == null || !prefix.isCanonical()) {
      throw new Malformed(text);
    }
    return prefix;
  }

  /** The prefix of {@code length} bits around {@code address}. */
  static IpPrefix around(IpPrefix address, int length) {
    long high = length == 0 ? 0 : length >= WORD ? -1 : -1L << (WORD - length);
    long low = length <= WORD ? 0 : -1L << (2 * WORD - length);
    return new IpPrefix(address.high() & high, address.low() & low, length);
  }

  /** What is left of {@code whole} without {@code taken} that it covers, widest first; at most 128 prefixes. */
  static List<IpPrefix> without(IpPrefix whole, IpPrefix taken) {
    List<IpPrefix> left = new ArrayList<>();
    for (int length = whole.length() + 1; length <= taken.length(); length++) {
      IpPrefix kept = around(taken, length);
      IpPrefix sibling = length <= WORD
          ? new IpPrefix(kept.high() ^ 1L << (WORD - length), kept.low(), length)
          : new IpPrefix(kept.high(), kept.low() ^ 1L << (2 * WORD - length), length);
      // The mapped range within IPv6 means IPv4, which no IPv6 prefix covers.
      if (sibling.isFour() == whole.isFour()) {
        left.add(sibling);
      }
    }
    return left;
  }

  static String text(IpPrefix prefix) {
    return prefix.address() + "/" + (prefix.isFour() ? prefix.length() - MAPPED : prefix.length());
  }
}
