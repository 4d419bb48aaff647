package io.sallyport.devices;

import io.sallyport.kernel.Der;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A manufacturer's trust anchor: an authority that signs IDevIDs, or signs those that do.
 *
 * @param distrust when and why it was shut, or null
 * @param lists the revocation lists that are here
 */
public record Anchor(
    Der certificate, AnchorTerms terms, @Nullable Distrust distrust, List<TakenList> lists) {
  /** That it counts no more, for good. */
  public record Distrust(Instant at, String reason) {}

  /**
   * A revocation list of an authority under the anchor, or of the anchor itself.
   *
   * @param issuer in RFC 4514 form
   */
  public record TakenList(
      String issuer, Instant thisUpdate, @Nullable Instant nextUpdate, int entries) {}

  public Anchor {
    lists = List.copyOf(lists);
  }
}
