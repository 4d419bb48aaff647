package io.sallyport.door.authzen;

import io.sallyport.door.authzen.EvaluationReader.Part;
import io.sallyport.door.authzen.EvaluationReader.Shape;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
import io.sallyport.policy.IcmpTypes;
import io.sallyport.policy.Question.Direction;
import io.sallyport.policy.Question.RequestedFlow;
import java.util.Base64;
import java.util.Locale;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What the words of AuthZEN mean here: devices and certificates connect to services. */
final class Meanings {
  static final String CONNECT = "connect";
  static final String SERVICE = "service";
  static final String DEVICE = "device";
  static final String CERTIFICATE = "certificate";

  static final String FLOW =
      "resource.properties: protocol must be tcp, udp or icmp, port an integer from 0 to 65535,"
          + " icmp_type, if any, a type such as 8 or \"echo-request\" (of a peer by name \"v4:8\" or \"v6:128\"),"
          + " and direction, if any, from-device or to-device";

  private static final int LAST_PORT = 65_535;
  private static final Pattern HEX_THUMBPRINT = Pattern.compile("[0-9a-fA-F]{64}");
  private static final Pattern BASE64URL_THUMBPRINT = Pattern.compile("[A-Za-z0-9_-]{43}");
  private static final int UUID_LENGTH = 36;

  private Meanings() {}

  static Actor actor(EnforcementPoint asker) {
    return Actor.enforcementPoint(asker.name());
  }

  /** The flow of a resource of type {@code service}, or null when its properties name none. */
  static @Nullable RequestedFlow flow(Part resource) {
    Direction direction = direction(resource);
    if (resource.properties == Shape.MISSING || resource.id == null || direction == null) {
      return null;
    }
    return switch (resource.protocol) {
      case "icmp" ->
        resource.port == EvaluationReader.NONE || resource.port == 0
            ? icmp(resource.id, resource.icmpType, direction)
            : null;
      case "tcp", "udp" ->
        resource.port >= 0 && resource.port <= LAST_PORT
            ? new RequestedFlow(resource.id, resource.protocol, resource.port, direction)
            : null;
      default -> null;
    };
  }

  private static @Nullable RequestedFlow icmp(
      String peer, @Nullable String type, Direction direction) {
    try {
      return new RequestedFlow(
          peer, "icmp", type == null ? 0 : IcmpTypes.one(type, peer), direction);
    } catch (IcmpTypes.Malformed e) {
      return null;
    }
  }

  private static @Nullable Direction direction(Part resource) {
    if (!resource.hasDirection) {
      return Direction.FROM_DEVICE;
    }
    return switch (resource.direction) {
      case "from-device" -> Direction.FROM_DEVICE;
      case "to-device" -> Direction.TO_DEVICE;
      default -> null;
    };
  }

  static String word(Direction direction) {
    return direction.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Null for what is not 36 characters with hyphens where a UUID has them. */
  static @Nullable UUID device(String id) {
    if (id.length() != UUID_LENGTH) {
      return null;
    }
    for (int i = 0; i < UUID_LENGTH; i++) {
      char c = id.charAt(i);
      boolean hyphen = i == 8 || i == 13 || i == 18 || i == 23;
      if (hyphen ? c != '-' : c > 'f' || Character.digit(c, 16) < 0) {
        return null;
      }
    }
    return UUID.fromString(id);
  }

  static @Nullable Digest thumbprint(String id) {
    if (HEX_THUMBPRINT.matcher(id).matches()) {
      return Digest.ofHex(id);
    }
    if (!BASE64URL_THUMBPRINT.matcher(id).matches()) {
      return null;
    }
    try {
      return Digest.ofOctets(Base64.getUrlDecoder().decode(id));
    } catch (IllegalArgumentException bitsLeftOver) {
      return null;
    }
  }
}
