package io.sallyport.door.radius;

import io.sallyport.enforcement.NetworkAccess;
import io.sallyport.enforcement.PointSettings;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;

/**
 * What the access servers behind a point can be told beyond VLAN, filter and time-out. An obligation that they cannot meet
 * denies: half of what a policy asks for is nobody's wish.
 */
record NasAbilities(Set<String> words) {
  private static final int BITS_PER_KILOBIT = 1_000;

  static NasAbilities of(PointSettings settings) {
    String words = settings.parameters().getOrDefault(PointSettings.ABILITIES, "");
    return new NasAbilities(PointSettings.abilities(words));
  }

  /** What they cannot be told of {@code given}, in words. */
  Optional<String> unmet(NetworkAccess given) {
    if (given.securityGroup() != null && !words.contains(PointSettings.CISCO_SGT)) {
      return Optional.of("obligation: the policy asks for a security group tag; set parameter "
          + PointSettings.ABILITIES + " of the point to " + PointSettings.CISCO_SGT
          + " if its access servers take one");
    }
    if (given.rate() != null && !words.contains(PointSettings.WISPR_RATE)) {
      return Optional.of("obligation: the policy bounds the rate; set parameter "
          + PointSettings.ABILITIES + " of the point to " + PointSettings.WISPR_RATE
          + " if its access servers can");
    }
    return Optional.empty();
  }

  static void add(AccessAccept accept, NetworkAccess given) {
    Integer group = given.securityGroup();
    if (group != null) {
      String hex = HexFormat.of().toHexDigits(group.shortValue());
      accept.with(ReplyAttribute.CISCO_AV_PAIR, "cts:security-group-tag=" + hex + "-00");
    }
    Integer rate = given.rate();
    if (rate != null) {
      long bits = (long) rate * BITS_PER_KILOBIT;
      accept
          .with(ReplyAttribute.WISPR_BANDWIDTH_MAX_UP, bits)
          .with(ReplyAttribute.WISPR_BANDWIDTH_MAX_DOWN, bits);
    }
  }
}
