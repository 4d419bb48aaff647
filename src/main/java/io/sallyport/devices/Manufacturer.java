package io.sallyport.devices;

import io.sallyport.kernel.Der;
import java.util.List;
import java.util.UUID;

/**
 * A manufacturer, whose anchors count only at enrollment and attestation, and only for its own devices (law 10).
 *
 * @param trusted its trust anchors, those that were distrusted too
 */
public record Manufacturer(UUID id, String name, List<Anchor> trusted) {
  public Manufacturer {
    trusted = List.copyOf(trusted);
  }

  /** The certificates of the anchors that count. */
  public List<Der> anchors() {
    return trusted.stream()
        .filter(anchor -> anchor.distrust() == null)
        .map(Anchor::certificate)
        .toList();
  }
}
