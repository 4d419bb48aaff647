package io.sallyport.policy;

import io.sallyport.kernel.IpPrefix;
import io.sallyport.policy.AccessPolicy.Selector;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A part of the network by name (a zone of IEC 62443-3-2): who is in it as a device, and what is in it as a peer.
 *
 * @param zone what people call it
 * @param securityLevel SL-T of IEC 62443-3-3, 0 to 4, or null
 * @param observes whether what no permit lets its devices do is permitted and told instead
 * @param devices those that are in it, or null when it has none
 * @param mud what it stands for in a MUD file (RFC 8520 §3), as {@link MudPeers} has it
 * @param peers those that are in it; names and prefixes, because a rule by name never meets an address
 */
record Segment(
    String name,
    String hash,
    @Nullable String zone,
    @Nullable Integer securityLevel,
    boolean observes,
    @Nullable Selector devices,
    List<String> mud,
    List<Peer> peers)
    implements ReadDocument {
  Segment {
    mud = List.copyOf(mud);
    peers = List.copyOf(peers);
  }

  /**
   * Who is at the other end of a flow.
   *
   * @param text a DNS name in lower case or a CIDR prefix; when {@code inSegment} the segment's name, or what a MUD file
   *     calls it
   * @param prefix set when it is a prefix
   * @param inSegment whether this stands for all peers of a segment
   */
  record Peer(String text, @Nullable IpPrefix prefix, boolean inSegment) {}
}
