package io.sallyport.door.radius;

import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.enforcement.NetworkAccess;
import io.sallyport.kernel.Digest;
import io.sallyport.kernel.Refusal;
import io.sallyport.keys.Keys;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
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

  String seal(EnforcementPoint point, Station station, Keys keys) {
    String filter = given.filterId() == null ? "" : given.filterId();
    byte[] filterOctets = filter.getBytes(StandardCharsets.US_ASCII);
    ByteBuffer content = ByteBuffer.allocate(FIXED_OCTETS + filterOctets.length)
        .putLong(device.getMostSignificantBits())
        .putLong(device.getLeastSignificantBits())
        .put(certificate.octets())
        .put((byte) (given.permit() ? 1 : 0))
        .putShort((short) (given.vlan() == null ? 0 : given.vlan()))
        .put(filterOctets);
    byte[] sealed = keys.seal(content.array(), context(decision, point, station));
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
    boolean permit = content.get() == 1;
    int vlan = content.getShort();
    byte[] filter = new byte[content.remaining()];
    content.get(filter);
    return new Admission(
        decision,
        device,
        Digest.ofOctets(certificate),
        new NetworkAccess(
            permit,
            vlan == 0 ? null : vlan,
            filter.length == 0 ? null : new String(filter, StandardCharsets.US_ASCII)));
  }

  private static String context(UUID decision, EnforcementPoint point, Station station) {
    return "radius class " + decision + " of " + point.id() + " for " + station.station();
  }
}
