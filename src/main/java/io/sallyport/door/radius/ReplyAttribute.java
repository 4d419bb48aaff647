package io.sallyport.door.radius;

import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * The dictionary: every attribute that may be sent, and what values it may have. FreeRADIUS skips what it does not
 * understand and accepts the rest, so nothing leaves that is not right.
 */
enum ReplyAttribute {
  /** 11. */
  FILTER_ID("Filter-Id", text()),
  /** 25. */
  CLASS("Class", text()),
  /** 27. */
  SESSION_TIMEOUT("Session-Timeout", number(1, 31_622_400)),
  /** 29. */
  TERMINATION_ACTION("Termination-Action", Set.of("RADIUS-Request")::contains),
  /** 64. */
  TUNNEL_TYPE("Tunnel-Type", Set.of("VLAN")::contains),
  /** 65. */
  TUNNEL_MEDIUM_TYPE("Tunnel-Medium-Type", Set.of("IEEE-802")::contains),
  /** 81. */
  TUNNEL_PRIVATE_GROUP_ID("Tunnel-Private-Group-Id", number(1, 4094)),
  /** 85 (RFC 2869 §5.16). */
  ACCT_INTERIM_INTERVAL("Acct-Interim-Interval", number(60, 86_400)),
  /** Vendor 9, 1: a security group tag in hexadecimal and its generation. */
  CISCO_AV_PAIR(
      "Cisco-AVPair", Pattern.compile("cts:security-group-tag=[0-9a-f]{4}-00").asMatchPredicate()),
  /** Vendor 14122, 7: bit/s. */
  WISPR_BANDWIDTH_MAX_UP("WISPr-Bandwidth-Max-Up", number(1_000, 0xffff_ffffL)),
  /** Vendor 14122, 8: bit/s. */
  WISPR_BANDWIDTH_MAX_DOWN("WISPr-Bandwidth-Max-Down", number(1_000, 0xffff_ffffL));

  private final String dictionaryName;
  private final Predicate<String> valid;

  ReplyAttribute(String dictionaryName, Predicate<String> valid) {
    this.dictionaryName = dictionaryName;
    this.valid = valid;
  }

  String dictionaryName() {
    return dictionaryName;
  }

  /** Throws for what must not be sent, so that the answer is an error, which rejects. */
  String check(String value) {
    if (!valid.test(value)) {
      throw new IllegalStateException("not a value of " + dictionaryName + ": " + value);
    }
    return value;
  }

  /** Visible ASCII in one attribute (RFC 2865 §5), without what FreeRADIUS expands or reads as hexadecimal. */
  private static Predicate<String> text() {
    return Pattern.compile("(?!0x)[\\x21-\\x7e&&[^%\"'`\\\\]]{1,253}").asMatchPredicate();
  }

  private static Predicate<String> number(long least, long most) {
    Predicate<String> digits = Pattern.compile("[1-9][0-9]{0,9}").asMatchPredicate();
    return digits.and(value -> {
      long number = Long.parseLong(value);
      return number >= least && number <= most;
    });
  }
}
