package io.sallyport.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.sallyport.kernel.IpPrefix;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;

/**
 * An entry of a feed.
 *
 * @param source an address
 * @param first of the destination's addresses, as 128 bits
 * @param last of the destination's addresses
 * @param firstPort of icmp the first type; all of icmp is the echo request, so that nothing else is opened unasked
 * @param longest how long policy keeps the flow through a loss of Sallyport; zero for nearly all
 */
record FeedEntry(
    String id,
    IpPrefix source,
    String destination,
    BigInteger first,
    BigInteger last,
    String protocol,
    int firstPort,
    int lastPort,
    Instant expiresAt,
    Duration longest) {
  private static final Set<String> PROTOCOLS = Set.of("tcp", "udp", "icmp");
  private static final int BITS = 128;
  private static final int LAST_PORT = 65_535;
  private static final int LAST_TYPE = 255;

  /** Reads an entry; refuses what no feed gives out, because a firewall must not guess. */
  static FeedEntry of(JsonNode json) {
    try {
      IpPrefix source = IpPrefix.parseAddress(json.path("source").asText());
      IpPrefix destination = IpPrefix.parse(json.path("destination").asText());
      String protocol = json.path("protocol").asText();
      boolean icmp = protocol.equals("icmp");
      String ports = json.path(icmp ? "icmp_types" : "ports")
          .asText(icmp && source != null ? Integer.toString(echo(source.isFour())) : "0");
      int dash = ports.indexOf('-');
      int firstPort = Integer.parseInt(dash < 0 ? ports : ports.substring(0, dash));
      int lastPort = Integer.parseInt(ports.substring(dash + 1));
      if (source == null
          || destination == null
          || source.isFour() != destination.isFour()
          || !PROTOCOLS.contains(protocol)
          || firstPort < 0
          || lastPort > (icmp ? LAST_TYPE : LAST_PORT)
          || firstPort > lastPort
          || json.path("id").asText().isEmpty()) {
        throw unreadable(json);
      }
      BigInteger size = BigInteger.ONE.shiftLeft(BITS - destination.length());
      BigInteger first = number(destination).andNot(size.subtract(BigInteger.ONE));
      return new FeedEntry(
          json.path("id").asText(),
          source,
          json.path("destination").asText(),
          first,
          first.add(size).subtract(BigInteger.ONE),
          protocol,
          firstPort,
          lastPort,
          Instant.parse(json.path("expires_at").asText()),
          Duration.parse(json.path("essential").path("longest").asText("PT0S")));
    } catch (DateTimeException | NumberFormatException e) {
      throw unreadable(json);
    }
  }

  /** The type of an echo request (RFC 792, RFC 4443). */
  static int echo(boolean four) {
    return four ? 8 : 128;
  }

  /** When the kernel forgets it by itself. */
  Instant kernelEnd() {
    return expiresAt.plus(longest);
  }

  boolean isEssential() {
    return longest.isPositive();
  }

  static BigInteger number(IpPrefix address) {
    return new BigInteger(
        1,
        ByteBuffer.allocate(BITS / Byte.SIZE)
            .putLong(address.high())
            .putLong(address.low())
            .array());
  }

  static String text(BigInteger address) {
    return new IpPrefix(address.shiftRight(Long.SIZE).longValue(), address.longValue(), BITS)
        .address();
  }

  private static Failure unreadable(JsonNode json) {
    return new Failure(
        ExitCode.REFUSED, "The feed has an entry that cannot be read: " + json + ".");
  }
}
