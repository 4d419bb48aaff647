package io.sallyport.enrollment;

import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Which addresses the server connects to because a name that somebody ordered leads there. Never to itself, to this link or
 * to where clouds keep their secrets, unless the operator allows that network.
 */
@ApplicationScoped
class AskedNetworks {
  /** RFC 6890, and the metadata services of the large clouds. */
  private static final List<AddressBlock> REFUSED = Stream.of(
          "0.0.0.0/8",
          "127.0.0.0/8",
          "169.254.0.0/16",
          "192.0.0.0/24",
          "100.100.100.200/32",
          "168.63.129.16/32",
          "224.0.0.0/4",
          "240.0.0.0/4",
          "::/96",
          "64:ff9b::/96",
          "64:ff9b:1::/48",
          "2002::/16",
          "2001::/32",
          "fe80::/10",
          "fec0::/10",
          "fd00:ec2::/32",
          "fd20:ce::/32",
          "ff00::/8")
      .map(AddressBlock::parse)
      .toList();

  private final List<AddressBlock> allowed;

  AskedNetworks(AcmeSettings settings) {
    this.allowed = read(settings.allowedNetworks().orElse(List.of()));
  }

  /** All faults in one report, at start. */
  private static List<AddressBlock> read(List<String> texts) {
    List<AddressBlock> blocks = new ArrayList<>();
    List<String> faults = new ArrayList<>();
    for (String text : texts) {
      try {
        blocks.add(AddressBlock.parse(text.strip()));
      } catch (IllegalArgumentException e) {
        faults.add(text);
      }
    }
    if (!faults.isEmpty()) {
      throw new IllegalStateException(
          "sallyport.acme.allowed-networks has entries that are no networks such as 10.0.0.0/8: "
              + String.join(", ", faults));
    }
    return blocks;
  }

  void start(@Observes StartupEvent event) {
    // Made now, so that a wrong setting is told at start and not at the first order.
  }

  boolean allows(InetAddress address) {
    return allowed.stream().anyMatch(block -> block.contains(address))
        || REFUSED.stream().noneMatch(block -> block.contains(address)) && !ownAddress(address);
  }

  private static boolean ownAddress(InetAddress address) {
    try {
      return NetworkInterface.getByInetAddress(address) != null;
    } catch (SocketException e) {
      return true;
    }
  }
}
