package io.sallyport.enrollment;

import jakarta.inject.Singleton;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.List;
import java.util.stream.Stream;

/**
 * Which addresses the server connects to because a name that somebody ordered leads there. Never to itself, to this link or
 * to where clouds keep their secrets, unless the operator allows that network.
 */
@Singleton
final class AskedNetworks {
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

  AskedNetworks(ProofSettings settings) {
    this.allowed = settings.allowedNetworks();
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
