package io.sallyport.policy.mud;

import io.sallyport.policy.Question.Direction;
import java.time.Instant;
import java.util.List;

/**
 * A MUD file that was read: who opens what with whom. What only lets answers pass is left out, as every point here lets
 * answers pass.
 *
 * @param url where the manufacturer publishes it
 * @param cacheValidity hours for which it need not be fetched again
 * @param supported whether the manufacturer still supports the device
 * @param systemInfo for people
 */
public record MudFile(
    String url,
    Instant lastUpdate,
    int cacheValidity,
    boolean supported,
    String systemInfo,
    List<Entry> entries) {
  /** A file of the usual kind has a few KB. */
  public static final int MOST_OCTETS = 256 * 1024;

  public MudFile {
    entries = List.copyOf(entries);
  }

  /**
   * A flow that the manufacturer says the device needs.
   *
   * @param name as the file has it
   * @param path where it stands in the file
   * @param peer a DNS name or a CIDR prefix; or with a colon behind the first word, or none, what only the network that it
   *     stands in can tell: {@code my-controller}, {@code controller:URI}, {@code local-networks}, {@code
   *     same-manufacturer}, {@code manufacturer:NAME}, {@code model:URI}
   * @param isAbstract whether it is of the second kind
   * @param protocols one or more of tcp, udp, icmp
   * @param ports as a policy writes them; empty for any
   * @param icmpTypes as a policy writes them; empty for any
   */
  public record Entry(
      String name,
      String path,
      Direction direction,
      String peer,
      boolean isAbstract,
      List<String> protocols,
      List<String> ports,
      List<String> icmpTypes) {
    public Entry {
      protocols = List.copyOf(protocols);
      icmpTypes = List.copyOf(icmpTypes);
      ports = List.copyOf(ports);
    }
  }

  /** Reads a file whose signature was checked; refuses with {@code invalid-mud}, place in the file and reason. */
  public static MudFile read(byte[] octets) {
    return new MudReader().read(octets);
  }
}
