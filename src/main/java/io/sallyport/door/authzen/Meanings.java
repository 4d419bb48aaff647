package io.sallyport.door.authzen;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.door.authzen.Evaluation.Entity;
import io.sallyport.enforcement.EnforcementPoint;
import io.sallyport.kernel.Actor;
import io.sallyport.kernel.Digest;
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
          + " and direction, if any, from-device";

  private static final int LAST_PORT = 65_535;
  private static final Pattern HEX_THUMBPRINT = Pattern.compile("[0-9a-fA-F]{64}");
  private static final Pattern BASE64URL_THUMBPRINT = Pattern.compile("[A-Za-z0-9_-]{43}");
  private static final Pattern CANONICAL_UUID =
      Pattern.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");

  private Meanings() {}

  static Actor actor(EnforcementPoint asker) {
    return Actor.enforcementPoint(asker.name());
  }

  /** The flow of a resource of type {@code service}, or null when its properties name none. */
  static @Nullable RequestedFlow flow(Entity resource) {
    JsonNode properties = resource.properties();
    if (properties == null) {
      return null;
    }
    String protocol = properties.path("protocol").asText("");
    JsonNode port = properties.path("port");
    JsonNode direction = properties.path("direction");
    if (!direction.isMissingNode() && !word(Direction.FROM_DEVICE).equals(direction.textValue())) {
      return null;
    }
    return switch (protocol) {
      case "icmp" ->
        port.isMissingNode() || port.isInt() && port.intValue() == 0
            ? new RequestedFlow(resource.id(), protocol, 0)
            : null;
      case "tcp", "udp" ->
        port.isInt() && port.intValue() >= 0 && port.intValue() <= LAST_PORT
            ? new RequestedFlow(resource.id(), protocol, port.intValue())
            : null;
      default -> null;
    };
  }

  static String word(Direction direction) {
    return direction.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static @Nullable UUID device(String id) {
    return CANONICAL_UUID.matcher(id).matches() ? UUID.fromString(id) : null;
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
