package io.sallyport.door.feed;

import io.sallyport.kernel.Digest;
import io.sallyport.policy.Verdict.Essential;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A flow that one address may open for a while.
 *
 * @param source an address, in one spelling
 * @param peer as policy names it
 * @param destination an address or a prefix; empty for a list where the peer's name stands for it
 * @param ports one port or {@code a-b}; of icmp types, empty for all of them
 * @param expiresAt the earliest end of grant and address binding
 * @param essential set when policy keeps the flow through a loss of Sallyport (law 6)
 */
record Entry(
    String source,
    String peer,
    String destination,
    String protocol,
    String ports,
    Instant issuedAt,
    Instant expiresAt,
    UUID device,
    UUID grant,
    @Nullable Essential essential) {
  /** Octets of the digest that is the id: enough that two entries never share one. */
  private static final int ID_DIGITS = 32;

  /** What stays the same when an entry is prolonged. */
  String id() {
    String whole = String.join("|", grant.toString(), source, peer, destination, protocol, ports);
    return Digest.of(whole.getBytes(StandardCharsets.UTF_8)).hex().substring(0, ID_DIGITS);
  }

  JsonObject json() {
    JsonObject json = new JsonObject()
        .put("id", id())
        .put("source", source)
        .put("peer", peer)
        .put("destination", destination)
        .put("protocol", protocol);
    if (!ports.isEmpty()) {
      json.put(protocol.equals("icmp") ? "icmp_types" : "ports", ports);
    }
    json.put("expires_at", expiresAt.toString())
        .put("device", device.toString())
        .put("grant", grant.toString());
    if (essential != null) {
      json.put(
          "essential",
          new JsonObject()
              .put("owner", essential.owner())
              .put("longest", essential.longest().toString()));
    }
    return json;
  }
}
