package io.sallyport.door.radius;

import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.NetworkAccess;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.Keys;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * That a device was let in. It travels in the Class attribute (RFC 2865 §5.25), which the NAS hands back with every
 * accounting message: the decision's id, a dot, and the rest sealed for this point and station. So any node knows what any
 * other node decided, without a database on the way of the answer, and nobody can make one up.
 */
record Admission(UUID decision, UUID device, Digest certificate, NetworkAccess given) {
  private static final Pattern CLASS =
      Pattern.compile("([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\\.([A-Za-z0-9_-]{40,214})");
  private static final int UUID_OCTETS = 16;
  private static final int FIXED_OCTETS = UUID_OCTETS + Digest.LENGTH + 1 + 2;
  private static final int PERMIT = 1;
  /** Set when a security group tag follows the VLAN. */
  private static final int GROUP = 2;
  /** Set when a rate follows. */
  private static final int RATE = 4;

  String seal(EnforcementPoint point, Station station, Keys keys) {
    String filter = given.filterId() == null ? "" : given.filterId();
    byte[] filterOctets = filter.getBytes(StandardCharsets.US_ASCII);
    Integer group = given.securityGroup();
    Integer rate = given.rate();
    int flags =
        (given.permit() ? PERMIT : 0) | (group == null ? 0 : GROUP) | (rate == null ? 0 : RATE);
    ByteBuffer content = ByteBuffer.allocate(
            FIXED_OCTETS + Short.BYTES + Integer.BYTES + filterOctets.length)
        .putLong(device.getMostSignificantBits())
        .putLong(device.getLeastSignificantBits())
        .put(certificate.octets())
        .put((byte) flags)
        .putShort((short) (given.vlan() == null ? 0 : given.vlan()));
    if (group != null) {
      content.putShort(group.shortValue());
    }
    if (rate != null) {
      content.putInt(rate);
    }
    content.put(filterOctets);
    byte[] sealed = keys.seal(
        Arrays.copyOf(content.array(), content.position()), context(decision, point, station));
    return decision + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(sealed);
  }

  /**
   * The admission among the Class attributes of an accounting message; those of others are left alone. Refuses with
   * {@code forged-class} one that this point was not given for this station.
   */
  static Optional<Admission> among(
      List<String> classes, EnforcementPoint point, Station station, Keys keys) {
    for (String text : classes) {
      Matcher matcher = CLASS.matcher(text);
      if (matcher.matches()) {
        return Optional.of(
            open(UUID.fromString(matcher.group(1)), matcher.group(2), point, station, keys));
      }
    }
    return Optional.empty();
  }

  private static Admission open(
      UUID decision, String sealed, EnforcementPoint point, Station station, Keys keys) {
    ByteBuffer content;
    try {
      content = ByteBuffer.wrap(
          keys.unseal(Base64.getUrlDecoder().decode(sealed), context(decision, point, station)));
    } catch (IllegalStateException | IllegalArgumentException e) {
      throw new Refusal(
          RadiusProblem.FORGED_CLASS,
          "Hand the Class attribute back as it was, at the point and for the station that it was given to.");
    }
    UUID device = new UUID(content.getLong(), content.getLong());
    byte[] certificate = new byte[Digest.LENGTH];
    content.get(certificate);
    int flags = content.get();
    int vlan = content.getShort();
    Integer group = (flags & GROUP) == 0 ? null : Short.toUnsignedInt(content.getShort());
    Integer rate = (flags & RATE) == 0 ? null : content.getInt();
    byte[] filter = new byte[content.remaining()];
    content.get(filter);
    return new Admission(
        decision,
        device,
        Digest.ofOctets(certificate),
        new NetworkAccess(
            (flags & PERMIT) != 0,
            vlan == 0 ? null : vlan,
            filter.length == 0 ? null : new String(filter, StandardCharsets.US_ASCII),
            group,
            rate));
  }

  private static String context(UUID decision, EnforcementPoint point, Station station) {
    return "radius class " + decision + " of " + point.id() + " for " + station.station();
  }
}
