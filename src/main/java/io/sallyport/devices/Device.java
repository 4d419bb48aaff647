package io.sallyport.devices;

import java.time.Instant;
import java.util.Map;
import java.util.UUID;

/**
 * A device that lives on a hardware unit.
 *
 * @param name what people call it; its serial number unless it was given another one
 * @param profile the device profile's name
 * @param revocationCounter rises with every act that takes something away (law 5)
 */
public record Device(
    UUID id,
    String name,
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

  /** Called by its serial number. */
  public Device(
      UUID id,
      HardwareUnit hardware,
      String profile,
      String owner,
      String site,
      Map<String, String> labels,
      DeviceState state,
      long revocationCounter,
      Instant createdAt) {
    this(
        id,
        hardware.serialNumber(),
        hardware,
        profile,
        owner,
        site,
        labels,
        state,
        revocationCounter,
        createdAt);
  }
}
