package io.sallyport.devices;

import io.sallyport.kernel.Der;
import java.util.List;
import java.util.UUID;

/**
 * A manufacturer, whose anchors count only at enrollment and attestation, and only for its own devices (law 10).
 *
 * @param anchors trust anchor certificates
 */
public record Manufacturer(UUID id, String name, List<Der> anchors) {
  public Manufacturer {
    anchors = List.copyOf(anchors);
  }
}
