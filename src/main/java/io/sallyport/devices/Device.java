package io.sallyport.devices;

import java.time.Instant;
import java.util.Map;
import java.util.UUID;

/**
 * A device that lives on a hardware unit.
 *
 * @param profile the device profile's name
 * @param revocationCounter rises with every act that takes something away (law 5)
 */
public record Device(
    UUID id,
    HardwareUnit hardware,
    String profile,
    String owner,
    String site,
    Map<String, String> labels,
    DeviceState state,
    long revocationCounter,
    Instant createdAt) {
  public Device {
    labels = Map.copyOf(labels);
  }
}
